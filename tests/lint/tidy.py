"""clang-tidy over the folders that decide things. What passed is not looked at again until it or a header changes."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("domain", "config", "security", "actors")
JOBS = 2


def digest(*paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def configure(build):
    """A build directory of its own: clang cannot read the precompiled headers of g++. Nothing is built in it."""
    subprocess.run(
        ["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCUED_WERROR=OFF",
         "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"],
        check=True, stdout=subprocess.DEVNULL)


def examine(build, source):
    finished = subprocess.run(
        ["clang-tidy", "-p", build, "--quiet", "--extra-arg=-Wno-unknown-argument",
         "--extra-arg=-Wno-ignored-optimization-argument", source],
        capture_output=True, text=True)
    return finished.returncode == 0, finished.stdout


def main(build):
    configure(build)
    stamps = build / "stamps"
    stamps.mkdir(exist_ok=True)
    headers = digest(ROOT / ".clang-tidy", *sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.hpp")))
    sources = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.cpp"))
    stale = {}
    for source in sources:
        stamp = stamps / hashlib.sha256((headers + digest(source)).encode()).hexdigest()
        if not stamp.exists():
            stale[source] = stamp
    bad = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for (source, stamp), (clean, output) in zip(stale.items(), pool.map(lambda s: examine(build, s), stale)):
            if clean:
                stamp.touch()
            else:
                bad += 1
                print(output)
    print(f"{len(sources)} files, {len(stale)} examined, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
