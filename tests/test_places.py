"""How a place is written."""

from __future__ import annotations

import pytest

from mlaudit.model.nouns import Place


@pytest.mark.parametrize(
    ("place", "clickable", "at_line"),
    [
        (Place(path="serve/app.py", line=12, column=5), "serve/app.py:12:5", "serve/app.py:12"),
        (Place(path="serve/app.py", line=12), "serve/app.py:12", "serve/app.py:12"),
        (Place(path="serve/app.py"), "serve/app.py", "serve/app.py"),
    ],
)
def test_what_is_not_known_of_a_place_is_left_out(place: Place, clickable: str, at_line: str) -> None:
    assert (str(place), place.at_line) == (clickable, at_line)
