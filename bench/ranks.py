#!/usr/bin/env python3
"""Two processes of one thread against one process of two, on the same batches: examples per second of training, as
ratios of several rounds in turns. With --link, the two are in network namespaces of their own, with a link of that rate
between them (root, iproute2).

    bench/ranks.py [--rounds 3] [--link 1gbit] [mnist resnet]

LIMBECK is the program (default: build/release/limbeck), LIMBECK_DATA the folder of the data sets."""
import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile

LIMBECK = os.environ.get("LIMBECK", str(pathlib.Path(__file__).parents[1] / "build/release/limbeck"))
RECIPES = {
    "mnist": ("student", """name: ranks
data: { source: mnist, validation: 0 }
networks: { student: { mlp: [800, 800] } }
stages: [ { name: student, train: student, epochs: 2, batch_size: 128 } ]
"""),
    "resnet": ("student", """name: ranks
data: { source: cifar10, examples: { fraction: 0.1 } }
networks: { teacher: { resnet56: {} }, student: { resnet20: {} } }
stages:
  - { name: teacher, train: teacher, epochs: 1, batch_size: 64, examples: { fraction: 0.01 } }
  - { name: student, train: student, teacher: teacher, epochs: 1, batch_size: 64, augment: { crop: 4, flip: {} } }
""")}
HOSTS = [("limbeck-a", "10.77.0.1"), ("limbeck-b", "10.77.0.2")]


def sh(command):
    subprocess.run(command, shell=True, check=True)


def close_link():
    for name, _ in HOSTS:
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)


def open_link(rate):
    close_link()
    (a, of_a), (b, of_b) = HOSTS
    sh(f"ip netns add {a} && ip netns add {b} && ip link add va netns {a} type veth peer name vb netns {b}")
    for name, address, device in ((a, of_a, "va"), (b, of_b, "vb")):
        sh(f"ip -n {name} addr add {address}/24 dev {device} && ip -n {name} link set {device} up && "
           f"ip -n {name} link set lo up && "
           f"tc -n {name} qdisc add dev {device} root tbf rate {rate} burst 4mb latency 50ms")


def free_port():
    with socket.socket() as one:
        one.bind(("", 0))
        return one.getsockname()[1]


def run(recipe, stage, out, ranks, link):
    shutil.rmtree(out, ignore_errors=True)
    port, processes = free_port(), []
    for rank in range(ranks):
        command = [LIMBECK, "run", str(recipe), "--out", str(out), "--threads", str(2 // ranks)]
        environment = dict(os.environ)
        if ranks > 1:
            environment.update(RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_WORLD_SIZE=str(ranks),
                               MASTER_ADDR=HOSTS[0][1] if link else "127.0.0.1", MASTER_PORT=str(port))
        if ranks > 1 and link:
            command = ["ip", "netns", "exec", HOSTS[rank][0], *command]
        processes.append(subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE,
                                          stderr=subprocess.PIPE))
    said = [process.communicate()[1] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit("\n".join(said))
    waited = re.findall(rf"stage '{stage}': ([\d.]+) % of the time of training waited", said[0])
    stages = json.loads((out / "results.json").read_text())["stages"]
    speed = next(each["examples_per_second"] for each in stages if each["name"] == stage)
    return speed, float(waited[0]) if waited else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", choices=[[], *RECIPES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--link", default="")
    flags = parser.parse_args()
    if flags.link:
        open_link(flags.link)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="limbeck-ranks-"))
    try:
        for name in flags.recipes or RECIPES:
            stage, text = RECIPES[name]
            recipe = folder / "recipe.yaml"
            recipe.write_text(text)
            ratios, waits, speeds = [], [], []
            for _ in range(flags.rounds):
                one, _ = run(recipe, stage, folder / "one", 1, "")
                two, waited = run(recipe, stage, folder / "two", 2, flags.link)
                ratios.append(two / one)
                waits.append(waited)
                speeds.append((one, two))
            print(f"{name}: {flags.link or 'one host'}: ratio {min(ratios):.2f} to {max(ratios):.2f}, median "
                  f"{statistics.median(ratios):.2f}; waiting {min(waits):.0f} to {max(waits):.0f} %; examples/s "
                  + ", ".join(f"{one:,.0f} and {two:,.0f}" for one, two in speeds), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if flags.link:
            close_link()


if __name__ == "__main__":
    main()
