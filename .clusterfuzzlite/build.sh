#!/bin/bash -eu
# One fuzzer for each format of model files, and for the text formats with grammars of their own.
python3 -m pip install .
formats="$(python3 benchmarks/fuzz.py --list)"
for format in $formats; do
    target="fuzz_${format//-/_}"
    sed "s/^FORMAT = .*/FORMAT = \"$format\"/" .clusterfuzzlite/fuzz_format.py >"$target.py"
    compile_python_fuzzer "$target.py" --paths . --collect-all mlaudit
done
# shellcheck disable=SC2086 # names of formats have no spaces
python3 benchmarks/fuzz.py --seeds "$OUT" $formats
