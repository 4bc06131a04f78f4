"""Imported before OpenVINO: keeps its tools and nncf from reporting their use to their makers.

They report each import and conversion unless told otherwise on the machine. A hospital's machine
reports nothing; a module that cannot be imported is how both take the hint.
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
