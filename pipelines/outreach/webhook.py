"""Telling a group's robot (WeCom, DingTalk) in plain text; counts only, no personal data.

The address holds the robot's secret and is never told. Does not belong here: what is said.
"""

from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from pipelines.settings import MailSettings, WenduError


class WebhookError(WenduError):
    """The robot could not be told; says why, without its address."""


def tell_group(settings: MailSettings, text: str) -> None:
    """Tell the group, where a robot is set.

    Raises:
        WebhookError: the robot does not answer or refuses.
    """
    if settings.webhook_url is None:
        return
    url = settings.webhook_url.get_secret_value()
    try:
        for attempt in Retrying(
            stop=stop_after_attempt(settings.tries),
            wait=wait_exponential(multiplier=settings.first_wait_seconds / 10, max=30),
            retry=retry_if_exception_type(httpx.TransportError),
            reraise=True,
        ):
            with attempt:
                answer = httpx.post(
                    url,
                    json={"msgtype": "text", "text": {"content": text}},
                    timeout=settings.timeout_seconds,
                )
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise WebhookError(
            f"The group's robot cannot be reached ({type(fault).__name__}); check the network and "
            "WENDU_MAIL_WEBHOOK_URL."
        ) from None
    if answer.status_code != httpx.codes.OK or _error_of(answer):
        raise WebhookError(
            f"The group's robot refused the message ({answer.status_code}, code "
            f"{_error_of(answer)}); check WENDU_MAIL_WEBHOOK_URL and the robot's key words."
        )


def _error_of(answer: httpx.Response) -> Any:
    """Both kinds answer `errcode`, 0 where all is well."""
    try:
        return answer.json().get("errcode", 0)
    except (ValueError, AttributeError):
        return 0
