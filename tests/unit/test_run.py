"""`./run`, in a small project of its own: real pip and uv, one tiny package, no network."""

from __future__ import annotations

import ast
import hashlib
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from subprocess import PIPE
from types import ModuleType
from typing import NamedTuple

import pytest

RUN = Path(__file__).parents[2] / "run"

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "doorstep"
version = "0"
scripts = { doorstep = "program:main" }
"""

# Says what reached it, then ends as its last argument asks.
PROGRAM = """\
import os, signal, sys, time
import tiny

def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    print(os.getpid(), os.getcwd(), sys.argv[1:], flush=True)
    if sys.argv[-1] == "wait":
        time.sleep(60)
    return int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0
"""

METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

# What a build tool does to install a folder in place, without needing one.
BACKEND = f"""\
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "doorstep-0-py3-none-any.whl"
    files = {{
        "doorstep.pth": str(pathlib.Path.cwd()),
        "doorstep-0.dist-info/METADATA": {METADATA.format("doorstep", "0")!r},
        "doorstep-0.dist-info/WHEEL": {WHEEL!r},
        "doorstep-0.dist-info/entry_points.txt": "[console_scripts]\\ndoorstep = program:main\\n",
        "doorstep-0.dist-info/RECORD": "",
    }}
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name
"""


class Project:
    """A copy of `run` in a folder whose lock names one package, kept in `wheels`."""

    def __init__(self, folder: Path, installer: str) -> None:
        self.folder = folder / "a project"
        self.wheels = folder / "wheels"
        self.folder.mkdir()
        self.wheels.mkdir()
        shutil.copy(RUN, self.folder / "run")
        texts = {"pyproject.toml": PYPROJECT, "program.py": PROGRAM, "backend.py": BACKEND}
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        self.lock("requirements.lock", tiny="1")
        self.lock("requirements-dev.lock", tiny="1", extra="1")
        (folder / "uv-settings.toml").write_text(
            f'no-index = true\nfind-links = ["{self.wheels}"]\n'
        )
        programs = folder / "programs"
        programs.mkdir()
        if installer == "uv":
            (programs / "uv").symlink_to(Path(sys.executable).with_name("uv"))
        self.environment = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "UV_CONFIG_FILE": str(folder / "uv-settings.toml"),
            "UV_CACHE_DIR": str(folder / "cache"),
        }

    def lock(self, name: str, **versions: str) -> None:
        """Write a lock file of packages that hold nothing but their version."""
        lines = [
            f"{package}=={version} --hash=sha256:{self._wheel(package, version)}\n"
            for package, version in versions.items()
        ]
        (self.folder / name).write_text("".join(lines))

    def _wheel(self, package: str, version: str) -> str:
        folder = f"{package}-{version}.dist-info"
        files = {
            f"{package}.py": f"version = {version!r}\n",
            f"{folder}/METADATA": METADATA.format(package, version),
            f"{folder}/WHEEL": WHEEL,
        }
        files[f"{folder}/RECORD"] = "".join(f"{name},,\n" for name in files)
        path = self.wheels / f"{package}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                # ZipInfo's own date, so that the same package has the same hash.
                wheel.writestr(zipfile.ZipInfo(name), text)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start ./run without waiting for it."""
        command = [sys.executable, str(self.folder / "run"), *words]
        return subprocess.Popen(
            command,
            cwd=cwd or self.folder,
            env=self.environment,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
        )

    def run(self, *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
        """Return the exit code of ./run, what its task printed, and what was said of the set-up."""
        with self.start(*words, cwd=cwd) as started:
            printed, said = started.communicate(timeout=120)
        return started.returncode, printed, said


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, "uv")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """`run` as a module, for what a whole machine would have to be changed for."""
    loader = importlib.machinery.SourceFileLoader("run_script", str(RUN))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_first_start_sets_up_and_the_second_says_nothing(tmp_path: Path, installer: str) -> None:
    project = Project(tmp_path, installer)

    first = project.run("doorstep", "a b", "3")
    second = project.run("serve", "--port", "0")

    assert first[0] == 3
    assert "['a b', '3']" in first[1]
    assert "Setting up" in first[2]
    assert "1/1 tiny" in first[2] or installer == "uv"
    assert second[0] == 0
    assert "['serve', '--port', '0']" in second[1]
    assert second[2] == ""


def test_run_alone_lists_every_task_on_one_line(project: Project) -> None:
    english = project.run()
    project.environment["LANG"] = "zh_CN.UTF-8"
    chinese = project.run("--help")

    for code, listing, _ in (english, chinese):
        assert code == 0
        assert all(f"./run {task} " in listing for task in ("serve", "test", "check", "bench"))
    assert "Start the server" in english[1]
    assert "启动服务器" in chinese[1]
    assert not (project.folder / ".venv").exists()


def test_an_unknown_task_lists_the_known_ones_and_exits_with_2(project: Project) -> None:
    code, _, said = project.run("sreve")

    assert code == 2
    assert "There is no task 'sreve'." in said
    assert "./run serve" in said


def test_the_developers_set_serves_too(project: Project) -> None:
    (project.folder / "bench.py").write_text("import extra, tiny")

    bench = project.run("bench")
    serve = project.run("serve")

    assert (bench[0], serve[0], serve[2]) == (0, 0, "")


def test_a_developers_venv_keeps_its_tools_when_the_lock_changes(project: Project) -> None:
    # Asked of the metadata: a module of the same size and second would come from its old bytecode.
    (project.folder / "bench.py").write_text(
        "import extra\nfrom importlib.metadata import version\nprint(version('tiny'))"
    )
    project.run("bench")
    project.lock("requirements.lock", tiny="2")
    project.lock("requirements-dev.lock", tiny="2", extra="1")

    serve = project.run("serve")
    bench = project.run("bench")

    assert "Setting up" in serve[2]
    assert bench == (0, "2\n", "")


def test_an_interrupted_set_up_is_repaired(tmp_path: Path) -> None:
    project = Project(tmp_path, "pip")
    with project.start("serve") as started:
        _wait_for(project.folder / ".venv/bin/python")
        started.kill()

    code, printed, _ = project.run("serve")

    assert code == 0
    assert "['serve']" in printed


def test_two_at_once_take_turns(project: Project) -> None:
    with project.start("serve") as one, project.start("serve") as other:
        said = [started.communicate(timeout=120)[1] for started in (one, other)]

    assert (one.returncode, other.returncode) == (0, 0)
    assert sum("Setting up" in words for words in said) == 1


def test_a_moved_folder_is_set_up_anew(project: Project) -> None:
    project.run("serve")
    project.folder = project.folder.rename(project.folder.with_name("moved"))

    code, printed, said = project.run("serve")

    assert code == 0
    assert "moved" in printed
    assert "Setting up" in said


def test_the_task_runs_where_the_caller_stands_and_gets_the_signals(
    project: Project, tmp_path: Path
) -> None:
    project.run("serve")

    with project.start("doorstep", "wait", cwd=tmp_path) as started:
        assert started.stdout
        place = started.stdout.readline()
        started.send_signal(signal.SIGTERM)
        code = started.wait(timeout=60)

    assert place == f"{started.pid} {tmp_path} ['wait']\n"
    assert code == 7


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, installer: str) -> None:
    project = Project(tmp_path, installer)
    (project.folder / "requirements.lock").write_text(f"tiny==1 --hash=sha256:{'0' * 64}\n")

    code, _, said = project.run("serve")

    assert code == 1
    assert "not the one pinned" in said


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_no_network_is_said_in_plain_words(tmp_path: Path, installer: str) -> None:
    project = Project(tmp_path, installer)
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "UV_CONFIG_FILE"):
        del project.environment[name]
    nobody = "http://127.0.0.1:9/simple"
    project.environment |= {"PIP_INDEX_URL": nobody, "PIP_RETRIES": "1", "UV_DEFAULT_INDEX": nobody}
    project.environment |= {"UV_HTTP_RETRIES": "1", "LC_ALL": "zh_CN.UTF-8"}

    code, _, said = project.run("serve")

    assert code == 1
    assert "没有网络" in said


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "disk is full"),
        ("error: failed to write: No space left on device (os error 28)", "disk is full"),
        ("ERROR: No matching distribution found for lxml==6.1.3", "no build for this machine"),
        ("something new", "the lines above say why"),
    ],
)
def test_the_cause_is_told_from_what_the_installer_said(
    script: ModuleType, said: str, cause: str
) -> None:
    assert cause in script._cause(said)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("sys.version_info", (3, 9, 2), "needs Python 3.11 or newer; this is 3.9.2"),
        ("os.access", lambda *_: False, "cannot be written to"),
        ("importlib.util.find_spec", lambda _: None, "apt install python3-venv"),
    ],
)
def test_what_the_machine_lacks_is_named(
    script: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    value: object,
    words: str,
) -> None:
    monkeypatch.setattr(place, value)

    with pytest.raises(SystemExit):
        script._check_machine(has_uv=False)

    assert words in capsys.readouterr().err


def test_a_disk_with_too_little_room_is_named(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Free(5 * 2**20))

    with pytest.raises(SystemExit):
        script._check_room("runtime")

    assert "needs 400 MB" in capsys.readouterr().err


def test_an_old_python_can_read_the_script() -> None:
    ast.parse(RUN.read_text(), feature_version=(3, 7))


class Free(NamedTuple):
    """What `shutil.disk_usage` tells."""

    free: int


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)
