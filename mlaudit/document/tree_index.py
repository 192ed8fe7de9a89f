"""Where the values of a text are, as a tree that is opened only as far as somebody looks."""

from __future__ import annotations

from array import array
from typing import NamedTuple, Union

Route = tuple[str | int, ...]


# start and end of the value, start and end of its key (-1 where it has none)
Found = tuple[int, int, int, int]


BYTE_ORDER_MARK = "\ufeff"


class Leaf(NamedTuple):
    """A value not yet looked into, and its key."""

    start: int
    key_start: int = -1
    key_end: int = -1


class PlacedTable:
    """A mapping with the offsets of its header or first mention, and of its key within that."""

    __slots__ = ("children", "end", "explicit", "key_end", "key_start", "start")

    def __init__(self, start: int = 0, end: int = 0, key_start: int = -1, key_end: int = -1) -> None:
        self.children: dict[str, TreeNode] = {}
        self.start, self.end = start, end
        self.key_start, self.key_end = key_start, key_end
        self.explicit = False


TreeNode = Union[Leaf, PlacedTable, "list[Leaf | PlacedTable]", "array[int]"]
"""A value; an array of JSON is the offsets of its members."""


OPENED = 4096
"""Containers whose members are kept; routes lie side by side, so an older one is seldom entered again."""


class TreeIndex:
    """Nodes that open one level at a time, each at most once."""

    root: TreeNode

    def __init__(self, text: str) -> None:
        self._text = text
        self._opened: dict[int, TreeNode | None] = {}

    def find(self, route: Route) -> Found | None:
        """Offsets of the value at the route and of its key; of several tables of one name the first."""
        node = self._node(route)
        if isinstance(node, list):
            node = node[0]
        if isinstance(node, array):
            return None
        if isinstance(node, PlacedTable):
            return node.start, node.end, node.key_start, node.key_end
        end = self._end(node.start) if node else None
        return (node.start, end, node.key_start, node.key_end) if node and end is not None else None

    def _node(self, route: Route) -> TreeNode | None:
        node: TreeNode | None = self.root
        for step in route:
            node = self._step(node, step)
        return node

    def _step(self, node: TreeNode | None, step: str | int) -> TreeNode | None:
        node = self._step_in(node)
        if isinstance(node, PlacedTable):
            return node.children.get(step) if isinstance(step, str) else None
        if node is None or isinstance(node, Leaf) or not isinstance(step, int) or not 0 <= step < len(node):
            return None
        return Leaf(node[step]) if isinstance(node, array) else node[step]

    def _step_in(self, node: TreeNode | None) -> TreeNode | None:
        """The container that a leaf is; what was entered lately is at the end, and the oldest is forgotten."""
        if not isinstance(node, Leaf):
            return node
        inside = self._opened.pop(node.start) if node.start in self._opened else self._open(node.start)
        self._opened[node.start] = inside
        if len(self._opened) > OPENED:
            del self._opened[next(iter(self._opened))]
        return inside

    def _end(self, start: int) -> int | None:
        """The offset behind the value that begins at `start`; None if it is broken."""
        raise NotImplementedError

    def _open(self, start: int) -> TreeNode | None:
        """The container that begins at `start`; None for a scalar."""
        raise NotImplementedError


# `re` keeps every round of a group to come back to: rounds without bound would cost memory by the size of the text
BOUND = "{0,1000}"
