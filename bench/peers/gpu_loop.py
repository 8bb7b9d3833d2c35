"""What the peers on a GPU share: a distillation step as a careful engineer writes it in PyTorch, in several modes.

The data lie on the device, and the views are made there. The teacher's batch norm is folded into its convolutions, and
in bfloat16 its weights are bfloat16 once and for all; the student is trained under autocast. Networks for pictures are
channels-last, cuDNN chooses its kernels by trying (cudnn.benchmark), SGD is PyTorch's fused one. The learning rate is a
constant, so a schedule costs nothing here. Pictures are random: speed does not depend on them.

Modes:
  eager              kernel by kernel
  graph              the whole step (views, teacher, student, backward, update) is one CUDA graph
  compile            torch.compile of everything up to the loss
  compile_max        the same by mode max-autotune-no-cudagraphs
  compile_graph, compile_max_graph    the compiled step as one CUDA graph
"""
import argparse
import json
import math
import statistics
import sys
import time
import traceback

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

MODES = ("eager", "graph", "compile", "compile_max", "compile_graph", "compile_max_graph")
PRECISIONS = ("float32", "tf32", "bfloat16")
WAYS = ("live", "stored")


class Task:
    """A pair of networks and their data. Subclasses give networks(), data() and view()."""

    temperature = 4.0
    hard_weight = 0.1
    learning_rate = 0.01
    weight_decay = 0.0
    classes = 10
    layout = torch.contiguous_format

    def __init__(self, name, batch):
        self.name, self.batch = name, batch

    def networks(self):
        raise NotImplementedError

    def data(self, count, device):
        """Pictures as bytes and labels, on the device."""
        raise NotImplementedError

    def draw(self, device):
        """The random numbers of a batch's views."""
        return ()

    def view(self, pictures, index, *drawn):
        """The batch as float32."""
        raise NotImplementedError


def folded(module):
    """The network with each batch norm folded into the convolution before it, in every nn.Sequential."""
    if isinstance(module, nn.Sequential):
        kept = []
        for child in module:
            if isinstance(child, nn.BatchNorm2d) and kept and isinstance(kept[-1], nn.Conv2d):
                kept[-1] = fuse_conv_bn_eval(kept[-1], child)
            else:
                kept.append(folded(child))
        return nn.Sequential(*kept)
    for name, child in module.named_children():
        setattr(module, name, folded(child))
    return module


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


class Loop:
    """One configuration. step() trains on one batch; nothing in it waits for the device."""

    def __init__(self, task, device, precision, way, mode, examples):
        self.task, self.device, self.precision, self.way = task, device, precision, way
        cuda = device.type == "cuda"
        torch.manual_seed(1)
        torch.backends.cudnn.benchmark = True
        for backend in (torch.backends.cudnn, torch.backends.cuda.matmul):
            backend.allow_tf32 = precision == "tf32"

        teacher, self.student = (network.to(device) for network in task.networks())
        self.teacher = folded(teacher.eval()).requires_grad_(False).to(memory_format=task.layout)
        self.student = self.student.train().to(memory_format=task.layout)
        if precision == "bfloat16":
            self.teacher = self.teacher.to(torch.bfloat16)
        self.optimizer = torch.optim.SGD(self.student.parameters(), lr=task.learning_rate, momentum=0.9,
                                         weight_decay=task.weight_decay, **({"fused": True} if cuda else {}))

        self.pictures, self.labels = task.data(examples, device)
        self.table = torch.randn(examples, task.classes, device=device)
        self.table = self.table.half() if task.classes > 10 else self.table
        self.index = torch.zeros(task.batch, dtype=torch.long, device=device)
        self.loss_sum = torch.zeros((), device=device)
        self.hits = torch.zeros((), dtype=torch.long, device=device)
        self.order, self.place = torch.randperm(examples, device=device), 0
        self.graph = None
        self.passes = self.loss_of
        if mode.startswith("compile"):
            torch._dynamo.reset()  # else the loops before count as versions of this one, of which there may be few
            how = "max-autotune-no-cudagraphs" if "max" in mode else "default"
            self.passes = torch.compile(self.loss_of, mode=how)
        if mode.endswith("graph"):
            self.record()

    def loss_of(self, index, *drawn):
        inputs, labels = self.task.view(self.pictures, index, *drawn), self.labels[index]
        if self.way == "live":
            with torch.no_grad():
                asked = inputs.to(torch.bfloat16) if self.precision == "bfloat16" else inputs
                taught = self.teacher(asked).float()
        else:
            taught = self.table[index].float()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"):
            logits = self.student(inputs)
        logits, temperature = logits.float(), self.task.temperature
        soft = F.kl_div(F.log_softmax(logits / temperature, 1), F.log_softmax(taught / temperature, 1),
                        reduction="batchmean", log_target=True)
        loss = (1 - self.task.hard_weight) * temperature ** 2 * soft
        loss = loss + self.task.hard_weight * F.cross_entropy(logits, labels)
        return loss, (logits.detach().argmax(1) == labels).sum()

    def work(self):
        loss, hits = self.passes(self.index, *self.task.draw(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach()
        self.hits += hits

    def record(self):
        """The step as a graph, after some steps beside on another stream, as PyTorch's documentation asks."""
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(5):
                self.work()
        torch.cuda.current_stream().wait_stream(beside)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.work()
        self.graph = graph

    def step(self):
        if self.place + self.task.batch > len(self.order):
            self.order, self.place = torch.randperm(len(self.order), device=self.device), 0
        self.index.copy_(self.order[self.place:self.place + self.task.batch])
        self.place += self.task.batch
        if self.graph is not None:
            self.graph.replay()
        else:
            self.work()


def stretches(loop, seconds, count, warm_up):
    """Examples per second of `count` stretches of about so many seconds."""
    begin = time.perf_counter()
    for _ in range(warm_up):
        loop.step()
    synchronize(loop.device)
    steps, rates = warm_up, []
    expected = (time.perf_counter() - begin) / warm_up
    if expected > seconds / 4:  # it contained the compiler
        steps = 1
    for _ in range(count + 1):  # the first finds out how many steps make a stretch
        begin = time.perf_counter()
        for _ in range(steps):
            loop.step()
        synchronize(loop.device)
        taken = time.perf_counter() - begin
        rates.append(steps * loop.task.batch / taken)
        steps = max(1, min(100000, math.ceil(steps * seconds / max(taken, 1e-6))))
    return rates[1:]


def why_not(device, mode, precision):
    """Why this machine cannot do it; None: it can."""
    cuda = device.type == "cuda"
    if mode.endswith("graph") and not cuda:
        return "CUDA graphs need a CUDA device"
    if mode.startswith("compile"):
        if not hasattr(torch, "compile"):
            return f"PyTorch {torch.__version__} has no torch.compile"
        if not cuda:
            return "torch.compile is measured on CUDA devices alone"
        try:
            import triton  # noqa: F401
        except ImportError:
            return "torch.compile needs Triton"
    if precision == "tf32" and (not cuda or torch.cuda.get_device_capability(device)[0] < 8):
        return "this device has no TF32"
    if precision == "bfloat16" and cuda and torch.cuda.get_device_capability(device)[0] < 8:
        return "this device has no bfloat16"
    return None


def chosen(text, known, what):
    names = text.split(",")
    for name in names:
        if name not in known:
            sys.exit(f"{what} '{name}' is none of {', '.join(known)}")
    return names


def say(row):
    print(json.dumps(row), flush=True)


def parser_of(description):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--batch", type=int, default=0, help="0: the pair's own")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--examples", type=int, default=0, help="of the training set; 0: as many as the real one has")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each stretch")
    parser.add_argument("--stretches", type=int, default=5)
    parser.add_argument("--warm-up", type=int, default=20, help="steps before the first stretch")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which no configuration is begun")
    return parser


def measure(tasks, options, examples):
    """Prints a line of JSON for each configuration. `tasks`: makes each pair anew. Returns the exit code."""
    begin, device = time.perf_counter(), torch.device(options.device)
    modes = chosen(options.modes, MODES, "mode")
    precisions = chosen(options.precisions, PRECISIONS, "precision")
    ways = chosen(options.ways, WAYS, "way")
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("there is no CUDA device; --device cpu rehearses")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    failed = 0
    for make in tasks:
        for way in ways:
            for mode in modes:
                for precision in precisions:
                    task = make()
                    row = {"peer": f"PyTorch {torch.__version__}", "device": name, "pair": task.name,
                           "batch": task.batch, "way": way, "precision": precision, "mode": mode}
                    reason = why_not(device, mode, precision)
                    if reason is None and time.perf_counter() - begin > options.limit:
                        reason = "out of time"
                    if reason is not None:
                        say({**row, "skipped": reason})
                        continue
                    start = time.perf_counter()
                    try:
                        loop = Loop(task, device, precision, way, mode, options.examples or examples)
                        rates = stretches(loop, options.seconds, options.stretches, options.warm_up)
                        loss = float(loop.loss_sum)
                    except Exception as error:  # the others may do
                        traceback.print_exc()
                        say({**row, "error": f"{type(error).__name__}: {error}"[:300]})
                        failed += 1
                        continue
                    if not math.isfinite(loss):
                        say({**row, "error": "the loss is not finite"})
                        failed += 1
                        continue
                    say({**row, "examples_per_second": round(statistics.median(rates), 1),
                         "least": round(min(rates), 1), "most": round(max(rates), 1), "stretches": len(rates),
                         "finite": True, "all_seconds": round(time.perf_counter() - start, 1)})
    return 1 if failed else 0
