"""What the comparing scripts share: the machine in words, builds of pare's programs,
and Markdown tables."""
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def cores():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def cpu():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load():
    """Processes that ran or waited in the last minute, in words; says so where other work
    would spoil measurements, those of OpenMP programs on all cores above all."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    load = os.getloadavg()[0]
    if load > 0.3 * cores():
        print(f"other work keeps {load:.1f} of {cores()} cores busy: the times will be too long", file=sys.stderr)
    return f"{load:.1f} before"


def header(**facts):
    """Lines that say when and where a table was made."""
    facts = {"date": datetime.date.today().isoformat(), "CPU": cpu(), "cores": cores(), **facts}
    return "\n".join(f"- {key}: {value}" for key, value in facts.items()) + "\n"


def go_version():
    return subprocess.run(["go", "env", "GOVERSION"], cwd=ROOT, check=True, capture_output=True,
                          text=True).stdout.strip()


def build(package, folder):
    """Builds a Go program of the repository into a folder and returns its path."""
    path = str(Path(folder) / Path(package).name)
    subprocess.run(["go", "build", "-o", path, "./" + package], cwd=ROOT, check=True)
    return path


def lines(command, **options):
    """Runs a command and returns the JSON objects that it prints, one a line."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with status {done.returncode}:\n{done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(titles, rows):
    """A Markdown table; the first column is text, the others are numbers."""
    out = ["| " + " | ".join(titles) + " |", "|---" + "|---:" * (len(titles) - 1) + "|"]
    out += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(out)
