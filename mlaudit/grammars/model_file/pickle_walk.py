"""The walk of a pickle by its opcodes: what it imports, builds and states about versions, without doing any of it.

Opcodes: Python's Lib/pickletools.py and PEPs 307, 3154, 574. Long payloads are passed over unread; the number of
opcodes, the stack, the memo and the nesting are bounded. Arrays that joblib writes raw between the opcodes are passed
over by their shape and dtype (joblib/numpy_pickle.py, `NumpyArrayWrapper`).
"""

from __future__ import annotations

from collections.abc import Callable

from mlaudit.grammars.model_file.pickle_array import array_bytes
from mlaudit.grammars.model_file.pickle_values import (
    KEPT_KEYS,
    LONG,
    OPAQUE,
    Dict,
    Global,
    Instance,
    Payload,
    Seq,
    sequence,
)
from mlaudit.grammars.model_file.source import TAKE_LIMIT, Source
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, field
from mlaudit.model.lazy_pattern import lazy_pattern

OPERATIONS = 8_000_000
"""Opcodes that are walked; a model's own objects rarely need a tenth of it."""
STACK = 1_000_000
"""Values and marks that may wait on the stack."""
MEMO_TEXTS = 150_000
"""Texts that the memo keeps; later ones only where they can be a module's name."""
MEMO = 300_000
GLOBALS = 5_000
NESTED_PICKLES = 64
"""Pickles inside a pickle (joblib's object arrays)."""

_PICKLED_FUNCTION = Global("numba.core.serialize", "_unpickle__CustomPickled")
TEXT = 256
"""Bytes of a text that is kept; a longer one is no name and no version."""
PAYLOAD_WHOLE = 4 * 1024 * 1024
PAYLOAD_END = 65536
PAYLOADS = 4

CHECK_EVERY = 4096
_NAME = lazy_pattern(r"[A-Za-z_][\w.<>]{0,255}")
RECONSTRUCTORS = frozenset({("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor"), ("copyreg", "__newobj__")})
_PAYLOADS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("xgboost", (b"{L\0\0\0\0\0\0\0\x06Config", b"{L\0\0\0\0\0\0\0\x07learner", b"{L\0\0\0\0\0\0\0\x05Model")),
    ("xgboost", (b'{"Config"', b'{"Model"', b'{"learner"', b"CONFIG-offset:")),
    ("xgboost-binary", (b"binf",)),
    ("catboost", (b"CBM1",)),
    ("lightgbm", (b"tree\nversion=",)),
)


@dataclass(slots=True)
class PickleContents:
    """What a walk saw.

    Attributes:
        protocol: of the PROTO opcode; None for protocols 0 and 1, which have none.
        globals: every imported name, in the order of the file.
        instances: the classes of which objects are made.
        texted: the imported names that are called with a text in front.
        byte_states: the classes whose objects take their state from bytes.
        other_states: the classes whose objects take it from anything else.
        keyed: the classes whose objects have a key of `KEPT_KEYS` in their state, with the key.
        versions: key, value and class of every version that an object's state records.
        root: the value that loading would give.
        code: number of arguments and first bytecode of every code object.
        numbered: line numbers are in front of what a code object is made of.
        arrays: for each raw joblib array, whether its wrapper records an alignment.
        notes: what was seen and not understood, once each.
        problem: why the walk ended early; None if it came to the end.
        end: the offset behind the STOP opcode.
    """

    protocol: int | None = None
    globals: dict[Global, None] = field(default_factory=dict)
    instances: dict[Global, None] = field(default_factory=dict)
    texted: dict[Global, None] = field(default_factory=dict)
    byte_states: dict[Global, None] = field(default_factory=dict)
    other_states: dict[Global, None] = field(default_factory=dict)
    keyed: dict[tuple[Global, str], None] = field(default_factory=dict)
    versions: list[tuple[str, object, Global | None]] = field(default_factory=list)
    root: object = OPAQUE
    payloads: list[Payload] = field(default_factory=list)
    code: list[tuple[int, bytes]] = field(default_factory=list)
    numbered: bool = False
    arrays: set[bool] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    problem: str | None = None
    out_of_operations: bool = False
    persistent: bool = False
    end: int = 0
    operations: int = 0

    def note(self, text: str) -> None:
        """Remember that something was not understood."""
        self.notes[text] = None


class _Done(Exception):
    """The STOP opcode of the outermost pickle."""


@dataclass(slots=True)
class _OuterState:
    """The machine's state outside a nested pickle."""

    stack: list[object]
    marks: list[int]
    memo: dict[int, object]
    memoized: int
    put: bool


class Walk:
    """One run over a source. `strict` refuses names that no Python file can import: text that is no pickle has such.

    An inner one walks what another pickle holds as bytes, and goes into nothing of the kind itself.
    """

    def __init__(
        self, source: Source, *, operations: int = OPERATIONS, strict: bool = False, is_inner: bool = False
    ) -> None:
        self.source = source
        self.contents = PickleContents()
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.memoized = 0
        self.put = False
        self._levels: list[_OuterState] = []
        self._operations = operations
        self._strict = strict
        self._is_inner = is_inner

    def run(self, table: list[Callable[[Walk], None]]) -> PickleContents:
        """Walk to STOP, or to where it cannot go on: then `Found.problem` states why."""
        contents = self.contents
        try:
            while contents.operations < self._operations:
                contents.operations += CHECK_EVERY
                self._some(table)
                if len(self.stack) + len(self.marks) > STACK:
                    raise Unreadable(f"more than {STACK} values wait on the pickle's stack")
            contents.out_of_operations = True
            contents.problem = f"it has more than {self._operations} opcodes; the rest is not walked"
        except _Done:
            contents.root = self.stack[-1] if self.stack else OPAQUE
        except Unreadable as error:
            contents.problem = error.why
        except IndexError:
            contents.problem = (
                f"the opcode before byte {self.source.offset} needs values that are not there: it is corrupt"
            )
        contents.end = self.source.offset
        return contents

    def _some(self, table: list[Callable[[Walk], None]]) -> None:
        source = self.source
        for _ in range(CHECK_EVERY):
            at = source.position
            if at < len(source.buffer):
                source.position = at + 1
                table[source.buffer[at]](self)
            else:
                table[source.byte()](self)

    def stop(self) -> None:
        """End this pickle; a nested one hands back to the one around it."""
        if not self._levels:
            raise _Done
        level = self._levels.pop()
        self.stack, self.marks, self.memo = level.stack, level.marks, level.memo
        self.memoized, self.put = level.memoized, level.put

    # Stack and memo

    def since_mark(self) -> list[object]:
        """The values above the topmost mark, taken off."""
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def remember(self, index: int, value: object) -> None:
        """Keep a value under a memo index, where it can be of use."""
        if isinstance(value, str):
            if len(self.memo) >= MEMO_TEXTS and "." not in value and "_" not in value:
                return
        elif not isinstance(value, (Global, Seq, Dict, Instance)):
            self.memo.pop(index, None)
            return
        if len(self.memo) < MEMO:
            self.memo[index] = value
        else:
            self.contents.note(f"it memoizes more than {MEMO} values; later ones were dropped")

    def recall(self, index: int) -> None:
        """Push a remembered value."""
        self.stack.append(self.memo.get(index, OPAQUE))

    # Texts and bytes

    def text(self, size: int) -> None:
        """Push a UTF-8 text of `size` bytes."""
        if size <= TEXT:
            self.stack.append(str(self.source.take(size), "utf-8", "replace"))
        else:
            self.payload(size)

    def payload(self, size: int) -> None:
        """Push a long run of bytes as opaque; one that looks like a model keeps its ends."""
        source = self.source
        offset = source.offset
        head = source.take(min(size, 64))
        kind = next((kind for kind, heads in _PAYLOADS if head.startswith(heads)), None)
        if kind is None or len(self.contents.payloads) >= PAYLOADS:
            source.skip(size - len(head))
        else:
            self._kept_payload(kind, offset, size, head)
        self.stack.append(LONG)

    def _kept_payload(self, kind: str, offset: int, size: int, head: bytes) -> None:
        source = self.source
        if size <= min(PAYLOAD_WHOLE, TAKE_LIMIT):
            head += source.take(size - len(head))
            tail = head[-PAYLOAD_END:]
        else:
            source.skip(size - len(head) - PAYLOAD_END)
            tail = source.take(PAYLOAD_END)
        self.contents.payloads.append(Payload(kind, offset, size, head, tail))

    def data(self, size: int) -> None:
        """Push bytes; short ones are kept, since bytecode is short."""
        if size <= TEXT:
            self.stack.append(self.source.take(size))
        else:
            self.payload(size)

    def awaits_function(self) -> bool:
        """Whether the next bytes are a function that numba has pickled by itself (numba/core/serialize.py)."""
        return not self._is_inner and bool(self.stack) and self.stack[-1] == _PICKLED_FUNCTION

    def take_code(self, inner: PickleContents) -> None:
        """Push bytes that were walked as a pickle of their own; its code objects count for this one."""
        self.contents.operations += inner.operations
        self.contents.code += inner.code[: GLOBALS - len(self.contents.code)]
        self.stack.append(LONG)

    # Names and objects

    def imported(self, module: object, name: object) -> None:
        """Push a name that the pickle imports."""
        if not (isinstance(module, str) and isinstance(name, str)):
            self.contents.note("it computes a name that it imports, which only loading could reveal")
            self.stack.append(OPAQUE)
            return
        if self._strict and not (_NAME.fullmatch(module) and _NAME.fullmatch(name)):
            raise Unreadable("it imports what is no Python name")
        value = Global(module, name)
        if len(self.contents.globals) < GLOBALS:
            self.contents.globals[value] = None
        else:
            self.contents.note(f"it imports more than {GLOBALS} names; the rest was not kept")
        self.stack.append(value)

    def push_made(self, cls: object, arguments: object) -> None:
        """Push an object of a class."""
        kept = arguments if isinstance(arguments, Seq) else None
        if not isinstance(cls, Global):
            self.stack.append(OPAQUE)
            return
        if len(self.contents.instances) < GLOBALS:
            self.contents.instances[cls] = None
        self.stack.append(Instance(cls, kept))

    def push_made_with_keywords(self) -> None:
        """Push an object of a class that is made with keywords too."""
        self.stack.pop()
        arguments, cls = self.stack.pop(), self.stack.pop()
        self.push_made(cls, arguments)

    def called(self, maker: object, arguments: object) -> None:
        """Push what a call would give, as far as it is known."""
        if not isinstance(maker, Global):
            self.stack.append(OPAQUE)
        elif not isinstance(arguments, Seq):
            self.push_made(maker, OPAQUE) if maker.name[:1].isupper() else self.stack.append(OPAQUE)
        elif (maker.module, maker.name) in RECONSTRUCTORS:
            self.push_made(arguments.items[0] if arguments.items else OPAQUE, arguments)
        elif maker.name in ("CodeType", "_create_code"):
            self._code(arguments)
        elif maker.name == "dtype":
            self.stack.append(Instance(maker, arguments))
        elif maker.name.lstrip("_")[:1].isupper():
            self.push_made(maker, arguments)
        elif arguments.items and isinstance(arguments.items[0], str):
            self._called_with_text(maker, arguments.items[0])
        else:
            self.stack.append(OPAQUE)

    def _called_with_text(self, maker: Global, text: str) -> None:
        if len(self.contents.texted) < GLOBALS:
            self.contents.texted[maker] = None
        # cloudpickle and dill name types of the standard library so.
        self.stack.append(Global("types", text) if maker.name in ("_builtin_type", "_load_type") else OPAQUE)

    def _code(self, arguments: Seq) -> None:
        items, length = arguments.items, arguments.length
        if items and isinstance(items[0], bytes):
            # dill 0.3.6 and newer put the line numbers of Python 3.10 and newer in front of what the constructor takes.
            self.contents.numbered = True
            items, length = items[1:], length - 1
        start = next((item for item in items if isinstance(item, bytes)), b"")
        if len(self.contents.code) < GLOBALS:
            self.contents.code.append((length, start[:2]))
        self.stack.append(OPAQUE)

    def built(self) -> None:
        """Give the topmost value as state to the object below it."""
        state = self.stack.pop()
        target = self.stack[-1]
        cls = target.made_by if isinstance(target, Instance) else None
        if isinstance(state, Seq):
            state = next((item for item in state.items if isinstance(item, Dict)), state)
        if isinstance(target, Instance):
            target.state = state
        if cls is not None:
            is_bytes = isinstance(state, bytes) or state is LONG
            states = self.contents.byte_states if is_bytes else self.contents.other_states
            if len(states) < GLOBALS:
                states[cls] = None
            if isinstance(state, Dict) and len(self.contents.keyed) < GLOBALS:
                self.contents.keyed.update(dict.fromkeys((cls, key) for key in state.entries))
        recorded = isinstance(state, Dict) and "_sklearn_version" in state.entries
        if isinstance(state, Dict) and recorded and len(self.contents.versions) < GLOBALS:
            self.contents.versions.append(("_sklearn_version", state.entries["_sklearn_version"], cls))
        if cls is not None and cls.name == "NumpyArrayWrapper" and isinstance(state, Dict):
            self.pass_array(state)

    def pass_array(self, state: Dict) -> None:
        """Pass over the raw array behind a joblib wrapper, or go into the pickle that stands for an object array."""
        alignment = isinstance(state.entries.get("numpy_array_alignment_bytes"), int)
        self.contents.arrays.add(alignment)
        size = array_bytes(state)
        if size is not None:
            if alignment:
                self.source.skip(self.source.byte())
            self.source.skip(size)
            return
        if len(self._levels) >= NESTED_PICKLES:
            raise Unreadable(f"more than {NESTED_PICKLES} pickles are nested")
        self._levels.append(_OuterState(self.stack, self.marks, self.memo, self.memoized, self.put))
        self.stack, self.marks, self.memo = [], [], {}
        self.memoized, self.put = 0, False

    def put_items(self, items: list[object]) -> None:
        """Give keys and values, in turn, to the dictionary on top."""
        target = self.stack[-1]
        if not isinstance(target, Dict):
            return
        for at in range(0, len(items) - 1, 2):
            key = items[at]
            if type(key) is str and key in KEPT_KEYS:
                if target.entries.get(key, items[at + 1]) != items[at + 1]:
                    self.contents.note(f"`{key}` appears twice in one object; the last one counts")
                target.entries[key] = items[at + 1]

    def tuple_of(self, count: int) -> None:
        """Replace the topmost values by a tuple of them."""
        if count == 1 and self.stack[-1] is OPAQUE:
            return
        items = self.stack[-count:]
        if len(items) < count:
            raise IndexError
        del self.stack[-count:]
        self.stack.append(sequence(items))
