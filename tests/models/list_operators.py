"""Lists the operators of TFLite Micro from its resolver, which has a method for each.

    git clone --depth 1 https://github.com/tensorflow/tflite-micro
    python list_operators.py tflite-micro
"""

import json
import pathlib
import re
import subprocess
import sys

HEADER = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
HERE = pathlib.Path(__file__).parent


def names(header):
    """The builtin and the custom operators, each sorted."""
    builtin = set(re.findall(r"AddBuiltin\(\s*BuiltinOperator_(\w+)", header))
    custom = set(re.findall(r'AddCustom\(\s*"(\w+)"', header))
    if "tflite::GetString_ETHOSU()" in header:
        custom.add("ethos-u")
    methods = len(re.findall(r"TfLiteStatus Add(?!Builtin|Custom)\w+\(", header))
    assert methods == len(builtin) + len(custom), methods
    return sorted(builtin), sorted(custom)


def main():
    folder = pathlib.Path(sys.argv[1])
    commit = subprocess.check_output(["git", "-C", folder, "rev-parse", "HEAD"], text=True).strip()
    header = subprocess.check_output(["git", "-C", folder, "show", f"HEAD:{HEADER}"], text=True)
    builtin, custom = names(header)
    record = {"source": {"repo": "https://github.com/tensorflow/tflite-micro", "commit": commit,
                         "path": HEADER},
              "builtin": builtin, "custom": custom}
    (HERE / "tflm_operators.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
