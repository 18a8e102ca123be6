"""The commands of `wendu`, by whom they serve; `cli` gathers them."""
