"""Disks of our own that can be filled: a tmpfs where it may be mounted, else a limit on the size of files."""
import contextlib
import os
import pathlib
import shutil
import subprocess


class Disk:
    """A small tmpfs. What is left free is filled with a file, and emptied by removing it."""

    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.size = size
        self.ballast = self.folder / "ballast"
        options = f"size={size},mode=0777"
        for prefix in ([], ["sudo", "-n"]):
            if subprocess.run([*prefix, "mount", "-t", "tmpfs", "-o", options, "cwpg", str(folder)],
                              stderr=subprocess.DEVNULL, check=False).returncode == 0:
                self.prefix = prefix
                self.is_mounted = True
                return
        self.is_mounted = False

    def fill(self, server, left):
        """Leaves so many bytes."""
        if self.is_mounted:
            with open(self.ballast, "wb") as file, contextlib.suppress(OSError):
                while (size := shutil.disk_usage(self.folder).free - left) > 0:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
            return
        largest = max((file.stat().st_size for file in self.folder.rglob("*") if file.is_file()), default=0)
        self.limit(server, largest + left)

    def empty(self, server):
        if self.is_mounted:
            self.ballast.unlink(missing_ok=True)
        else:
            self.limit(server, "unlimited")

    def limit(self, server, size):
        """How large a file any process of the server may make."""
        parent = server.postmaster()
        children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
        for pid in [parent, *children.stdout.split()]:
            subprocess.run([*server.prefix, "prlimit", f"--pid={pid}", f"--fsize={size}:"], stderr=subprocess.DEVNULL,
                           check=False)

    def remove(self):
        if self.is_mounted:
            subprocess.run([*self.prefix, "umount", "-l", str(self.folder)], check=False)
