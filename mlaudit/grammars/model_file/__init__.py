"""Bounded walks over binary model files: nothing is loaded, imported, unpickled or executed.

What an artifact parser yields:

- One `Pin` of kind ARTIFACT per file: `name` and `package` are the file's name as written, `source` is `path`,
  `artifact` says its kind (a row of `knowledge/kinds.toml`, else `<package>.<form>`) and the classes of the objects in
  it, the outermost first, and `detail` says in words what a report puts in parentheses.
- One `Pin` of layer `recorded` per library: `version` where the library wrote its own (`strength` exact), `specifier`
  where a format number (format) or a module path or opcode (load) maps to a range of versions that can have written
  it, neither where the file only needs the library (none). An exact strength with a specifier is a range that the
  library wrote itself. `recorded` holds the strength, the artifact kinds in which that library's data is, and the
  format's numbers (`ir`, `ai.onnx`), so that a rule can hold them against a reader's table.
- One `Pin` of kind PYTHON and strength load where a protocol or a code object needs certain Pythons; its kind is
  `python.bytecode` where functions travel as bytecode.
- `Unread` for everything that was seen and not understood: a budget that ran out, a name that is computed, a record
  that occurs twice. `Unread.package` names the library whose version is therefore not known.

A version of scikit-learn or of transformers is that of the last dump or save, never of the training; `detail` says so.
Places carry a path only; members of archives are `path!/member`. Ranges are data: `knowledge/formats.toml`.
"""
