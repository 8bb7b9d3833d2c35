"""Includes are what a build costs: <torch/torch.h> takes six times as long to read as <ATen/core/Tensor.h>."""

import os
import re
import unittest

SOURCE = os.environ.get("LIMBECK_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))

# Nobody includes these in the program; an operator is in <ATen/ops/NAME.h>, NoGradGuard in <ATen/core/grad_mode.h>.
UMBRELLAS = {"torch/torch.h", "torch/types.h", "torch/utils.h", "torch/all.h", "ATen/ATen.h", "ATen/Functions.h"}
# Cheap wherever a tensor is.
NARROW = re.compile(
    r"ATen/(core/(Tensor|grad_mode)|TensorOperators|Parallel|ops/\w+)\.h|torch/(version|cuda)\.h|c10/.*\.h")
# What else may be included, and by whom.
WIDE = {
    "ATen/Context.h": {"src/experiment/device.cpp"},
    "ATen/core/LegacyTypeDispatch.h": {"src/device/operators.cpp"},
    "ATen/core/dispatch/Dispatcher.h": {"src/device/operators.cpp", "src/programs/exported_call.cpp"},
    "ATen/core/function_schema.h": {"src/programs/returned_outputs.cpp"},
    "ATen/core/ivalue.h": {"src/deploy/script_call.h", "src/device/implementations.h",
                           "src/programs/exported_outputs.h", "src/programs/program_builder.h",
                           "src/programs/returned_outputs.h", "src/programs/tapped_program.h"},
    "ATen/cuda/CUDAContext.h": {"src/kernels/cuda_device.cpp"},
    "ATen/cuda/CUDAGraph.h": {"src/kernels/cuda_graph.cpp"},
    "ATen/record_function.h": {"src/programs/product_count.cpp"},
    "device/autograd_function.h": {"src/device/operators.cpp", "src/kernels/fused_batch_norm.cpp",
                                   "src/kernels/fused_convolution.cpp", "src/kernels/fused_linear.cpp",
                                   "src/kernels/shared_batch_norm.cpp", "src/loss/rowwise.cpp",
                                   "src/train/rank_work.cpp"},
    "torch/csrc/autograd/autograd.h": {"src/train/training_step.cpp"},
    "torch/csrc/autograd/custom_function.h": {"src/device/autograd_function.h"},
    "torch/csrc/distributed/c10d/PrefixStore.hpp": {"src/ranks/store.cpp"},
    "torch/csrc/distributed/c10d/ProcessGroupGloo.hpp": {"src/ranks/ranks.cpp"},
    "torch/csrc/distributed/c10d/Store.hpp": {"src/ranks/store.h"},
    "torch/csrc/distributed/c10d/TCPStore.hpp": {"src/ranks/store.cpp"},
    "torch/csrc/jit/api/module.h": {"src/deploy/torchscript_onnx.cpp", "src/programs/onnx_program.h"},
    "torch/csrc/jit/frontend/ir_emitter.h": {"src/programs/program_builder.cpp"},
    "torch/csrc/jit/frontend/schema_matching.h": {"src/programs/exported_call.cpp"},
    "torch/csrc/jit/ir/alias_analysis.h": {"src/programs/exported_program.cpp"},
    "torch/csrc/jit/ir/ir.h": {"src/deploy/graph_torchscript.cpp", "src/deploy/torchscript_onnx.cpp",
                               "src/programs/exported_call.cpp", "src/programs/exported_graph.cpp",
                               "src/programs/exported_operations.cpp", "src/programs/exported_program.cpp",
                               "src/programs/program_builder.cpp", "src/programs/tapped_program.cpp",
                               "src/programs/tried_program.cpp"},
    "torch/csrc/jit/ir/named_value.h": {"src/programs/tried_program.h"},
    "torch/csrc/jit/passes/dead_code_elimination.h": {"src/programs/program_builder.cpp",
                                                       "src/programs/tapped_program.cpp"},
    "torch/csrc/jit/passes/freeze_module.h": {"src/deploy/torchscript_onnx.cpp"},
    "torch/csrc/jit/passes/frozen_conv_folding.h": {"src/deploy/torchscript_onnx.cpp"},
    "torch/csrc/jit/passes/inliner.h": {"src/deploy/torchscript_onnx.cpp"},
    "torch/csrc/jit/runtime/graph_executor.h": {"src/programs/program_network.cpp",
                                                "src/programs/tapped_program.cpp"},
    "torch/csrc/jit/runtime/interpreter.h": {"src/programs/tried_program.cpp"},
    "torch/csrc/jit/runtime/operator.h": {"src/programs/exported_call.cpp"},
    "torch/library.h": {"src/device/operators.cpp"},
    "torch/script.h": {"src/deploy/graph_torchscript.cpp", "src/programs/exported_program.cpp",
                       "src/programs/onnx_program.cpp", "src/programs/program_builder.cpp",
                       "src/programs/program_file.cpp", "src/programs/program_network.cpp",
                       "src/programs/tapped_program.cpp",
                       "src/programs/tried_program.cpp", "src/programs/without_onnx.cpp"},
}
LIBTORCH = re.compile(r"^\s*#\s*include [<\"]((?:torch|ATen|c10)/[^>]+|device/autograd_function\.h)[>\"]",
                      re.MULTILINE)


def sources(*folders):
    for folder in folders:
        for place, _, names in os.walk(os.path.join(SOURCE, folder)):
            for name in sorted(names):
                if name.endswith((".h", ".cpp")):
                    path = os.path.join(place, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, SOURCE), file.read()


class Includes(unittest.TestCase):
    def test_the_program_includes_narrow_headers_of_libtorch(self):
        wrong = []
        for path, text in sources("src", "app", "include"):
            for header in LIBTORCH.findall(text):
                if header in UMBRELLAS:
                    wrong.append(f"{path} includes <{header}>: include what it uses, such as <ATen/ops/cat.h>")
                elif not NARROW.fullmatch(header) and path not in WIDE.get(header, set()):
                    wrong.append(f"{path} includes <{header}>, which is in no list of tests/source/test_includes.py")
        self.assertEqual(wrong, [])

    def test_no_file_of_ours_includes_torch_torch_h(self):
        self.assertEqual([path for path, text in sources("src", "app", "tests", "bench", "include")
                          if "torch/torch.h" in LIBTORCH.findall(text) and not path.startswith("tests/consumer/")], [])

    def test_public_headers_say_what_threads_may_do_and_include_no_other_room(self):
        headers = list(sources("include"))
        self.assertGreater(len(headers), 15)
        self.assertEqual([path for path, text in headers
                          if "Thread-safety" not in text and not path.endswith("/api.h")], [])
        self.assertEqual([(path, header) for path, text in headers for header in re.findall(r'#include "([^"]+)"', text)
                          if not header.startswith("limbeck/")], [])

    def test_plots_know_nothing_of_pages(self):
        plots = list(sources("src/report/plots"))
        self.assertGreater(len(plots), 10)  # it looks at something
        self.assertEqual([path for path, text in plots if '"report/page/' in text or "html_report.h" in text], [])

    def test_every_exception_is_made_use_of(self):
        included = {(path, header) for path, text in sources("src", "app") for header in LIBTORCH.findall(text)}
        self.assertEqual([(path, header) for header, paths in WIDE.items() for path in paths
                          if (path, header) not in included], [])


if __name__ == "__main__":
    unittest.main()
