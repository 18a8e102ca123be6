"""Texts of models as dbt has rendered them, kept so that they are not rendered every day anew.

The texts follow from the project's files, and rendering them is a third of what dbt itself does
around a model: it is handed what it rendered before, and finds nothing in it to render. Belongs
here: which texts are kept. Does not belong here: where they are kept (`project_cache`), handing
them to dbt (`dbt`), what a node asks for (`standing`).
"""

import re
from collections.abc import Iterable
from typing import Any

from pipelines.warehouse.standing import Lineage

TO_RENDER = re.compile("{[{%#]|[#}%]}")
"""What dbt takes for a sign that a text is to be rendered."""


def texts_of(lineage: Lineage, built: Iterable[Any]) -> dict[str, str]:
    """The rendered texts, by node, of built models whose text follows from the files alone."""
    return {
        node.unique_id: node.compiled_code
        for node in built
        if node.resource_type == "model"
        and lineage.has_one_text(node)
        and node.compiled_code
        and not TO_RENDER.search(node.compiled_code)
    }
