"""Checkouts of the repositories that are synced, with credentials as Argo CD's repository Secrets have them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitops_kong.errors import UserError

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_KEPT = ("PATH", "LANG", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
_GIT = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROTOCOLS = "https:http:ssh:file"  # no `ext`, which runs programs
_UNSUPPORTED = ("githubAppID", "githubAppPrivateKey", "gcpServiceAccountKey")
_HELPER = '!f() { echo "username=$GITOPS_KONG_USERNAME"; echo "password=$GITOPS_KONG_PASSWORD"; }; f'


@dataclass(frozen=True)
class GitCredentials:
    """What opens the repositories whose URL begins with `url`."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    ssh_key: str = field(default="", repr=False)


def read_credentials(folder: Path) -> GitCredentials:
    """A mounted Secret: files `url`, `username`, `password`, `sshPrivateKey`. Raises UserError."""
    if not folder.is_dir():
        raise UserError(f"--credentials {folder}: no such directory")

    def read(name: str) -> str:
        file = folder / name
        return file.read_text("utf-8").strip() if file.is_file() else ""

    url = read("url")
    if not url:
        raise UserError(f"--credentials {folder}: there is no file `url`; a repository Secret of Argo CD has it")
    found = GitCredentials(url, read("username"), read("password"), read("sshPrivateKey"))
    if not (found.password or found.ssh_key):
        other = next((name for name in _UNSUPPORTED if (folder / name).exists()), None)
        raise UserError(
            f"--credentials {folder}: neither password nor sshPrivateKey"
            + (f"; {other} is not supported" if other else "")
        )
    return found


@dataclass(frozen=True)
class Git:
    """How repositories are fetched. `timeout` in seconds holds for each command of git."""

    credentials: Sequence[GitCredentials] = ()
    known_hosts: Path | None = None
    timeout: float = 60.0

    def check_out(self, url: str, revision: str, folder: Path) -> str:
        """The files of `revision` (a commit, a branch, a tag; '' is the default branch) into `folder`; its commit.

        Raises UserError with git's reason, without credentials.
        """
        with tempfile.TemporaryDirectory(prefix="gitops-kong-git-") as home:
            run = _Runner(folder, self._environment(url, Path(home)), self.timeout, url)
            run("init", "--quiet")
            wanted = revision or "HEAD"
            try:
                run("fetch", "--quiet", "--depth", "1", "--no-tags", "--", url, wanted)
                commit = run("rev-parse", "FETCH_HEAD^{commit}")
            except _GitError as shallow:
                # a server may refuse to give a single commit, and a short or annotated name is no ref of its own
                try:
                    run("fetch", "--quiet", "--tags", "--", url, "+refs/heads/*:refs/remotes/origin/*")
                    commit = self._named(run, wanted)
                except _GitError as e:
                    raise UserError(f"{url}: {wanted}: {_reason(shallow, e)}") from None
            try:
                run("-c", "advice.detachedHead=false", "checkout", "--quiet", "--force", commit)
                if (folder / ".gitmodules").is_file():
                    run("submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1")
            except _GitError as e:
                raise UserError(f"{url}: {wanted}: {e}") from None
            shutil.rmtree(folder / ".git", ignore_errors=True)
            return commit

    @staticmethod
    def _named(run: _Runner, wanted: str) -> str:
        for name in (wanted, f"refs/remotes/origin/{wanted}", f"refs/tags/{wanted}"):
            try:
                return run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            except _GitError:
                continue
        raise _GitError("no such revision")

    def _environment(self, url: str, home: Path) -> dict[str, str]:
        env = {name: os.environ[name] for name in (*_KEPT, *_GIT) if name in os.environ}
        env |= {
            "HOME": str(home),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
            "GIT_LFS_SKIP_SMUDGE": "1",
        }
        settings = {"core.hooksPath": "/dev/null", "core.symlinks": "true", "protocol.file.allow": "always"}
        given = max((c for c in self.credentials if url.startswith(c.url)), key=lambda c: len(c.url), default=None)
        if given is not None and given.password:
            settings[f"credential.{given.url}.helper"] = _HELPER
            env |= {"GITOPS_KONG_USERNAME": given.username or "git", "GITOPS_KONG_PASSWORD": given.password}
        if _is_ssh(url):
            env["GIT_SSH_COMMAND"] = self._ssh(given, home)
        return env | _git_config(settings)

    def _ssh(self, given: GitCredentials | None, home: Path) -> str:
        if self.known_hosts is None:
            raise UserError(
                "a repository is fetched over SSH: give --known-hosts FILE (Argo CD: argocd-ssh-known-hosts-cm)"
            )
        words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-F", "/dev/null"]
        words += ["-o", f"UserKnownHostsFile={self.known_hosts}", "-o", f"ConnectTimeout={max(1, int(self.timeout))}"]
        if given is not None and given.ssh_key:
            key = home / "key"
            key.touch(mode=0o600)
            key.write_text(given.ssh_key + "\n")
            words += ["-o", "IdentitiesOnly=yes", "-i", str(key)]
        return " ".join(words)


class _GitError(Exception):
    """git's own reason, in one line."""


@dataclass(frozen=True)
class _Runner:
    folder: Path
    environment: Mapping[str, str]
    timeout: float
    url: str

    def __call__(self, *arguments: str) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - git with fixed commands; a revision stands after `--`
                ["git", *arguments],  # noqa: S607
                cwd=self.folder,
                env=dict(self.environment),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.timeout,
                check=False,
            )
        except FileNotFoundError:
            raise UserError("git is missing: install it and put it on PATH") from None
        except subprocess.TimeoutExpired:
            raise UserError(f"{self.url}: git {arguments[0]} took longer than {self.timeout:.0f} s") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise _GitError(lines[-1] if lines else f"git {arguments[0]} ended with {done.returncode}")
        return done.stdout.strip()


def _git_config(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings for git that are seen in no list of processes."""
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for i, (name, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{i}": name, f"GIT_CONFIG_VALUE_{i}": value}
    return env


def _is_ssh(url: str) -> bool:
    return url.startswith("ssh://") or bool(re.match(r"[\w.-]+@[\w.-]+:", url))


def _reason(first: _GitError, second: _GitError) -> str:
    return str(second) if str(second) == "no such revision" else str(first)
