"""A throwaway PostgreSQL, and a PgBouncer in front of it, for tests and benchmarks.

Own temporary directory, unix socket and 127.0.0.1 (with TLS where asked), stopped at the end. Standard library only.
As root it drops to an unprivileged account, as PostgreSQL and PgBouncer refuse root.
"""
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time


def find_bindir():
    """The folder of initdb and postgres: pg_config's, else the newest of Debian's."""
    places = []
    if shutil.which("initdb"):
        places.append(os.path.dirname(os.path.realpath(shutil.which("initdb"))))
    if shutil.which("pg_config"):
        places.append(subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip())
    places += sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]), reverse=True)
    for place in places:
        if os.path.exists(place + "/initdb") and os.path.exists(place + "/pg_isready"):
            return place
    raise SystemExit("throwaway: no initdb found: apt-get install postgresql")


def unprivileged():
    """(uid, gid, name) to run the server as, None when this process is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid, name
        except KeyError:
            continue
    raise SystemExit("throwaway: root, and neither an account postgres nor nobody to drop to")


class Server:
    """`with Server() as s:` gives a running server: s.socket_env and s.tls_env are what a client needs."""

    def __init__(self, settings=(), cpu=None, tls=False):
        self.settings = list(settings)
        self.cpu = cpu
        self.tls = tls
        self.process = None

    def _run(self, command, **more):
        account = unprivileged()
        if account:
            uid, gid, _ = account
            command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"] + command
        return subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=self.log, **more)

    def _certificate(self):
        key, crt = self.dir + "/server.key", self.dir + "/server.crt"
        subprocess.run(["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", crt],
                       check=True, capture_output=True)
        os.chmod(key, 0o600)
        if unprivileged():
            os.chown(key, *unprivileged()[:2])
            os.chown(crt, *unprivileged()[:2])
        self.root_certificate = crt

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="pgparallel-test-")
        os.chmod(self.dir, 0o755)
        if unprivileged():
            os.chown(self.dir, *unprivileged()[:2])
        self.log = open(self.dir + "/log", "w")
        bindir = find_bindir()
        code = self._run([bindir + "/initdb", "-D", self.dir + "/data", "-U", "tester", "-A", "trust", "--no-sync"]).wait()
        if code:
            raise SystemExit(f"throwaway: initdb failed, see {self.dir}/log")
        if self.tls:
            self._certificate()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.dir}",
                   "fsync=off", "max_connections=300", "autovacuum=off"] + self.settings
        if self.tls:
            options += ["ssl=on", f"ssl_cert_file={self.dir}/server.crt", f"ssl_key_file={self.dir}/server.key"]
        command = [bindir + "/postgres", "-D", self.dir + "/data"]
        for option in options:
            command += ["-c", option]
        if self.cpu is not None:
            command = ["taskset", "-c", str(self.cpu)] + command
        self.process = self._run(command)
        try:
            self._wait()
        except BaseException:  # nobody calls __exit__ for a server that was never handed out
            self.__exit__()
            raise
        return self

    def _wait(self):
        path = f"{self.dir}/.s.PGSQL.{self.port}"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"throwaway: the server ended at once, see {self.dir}/log")
            answer = subprocess.run([find_bindir() + "/pg_isready", "-q", "-h", self.dir, "-p", str(self.port)])
            if answer.returncode == 0 and os.path.exists(path):
                return
            time.sleep(0.05)
        raise SystemExit(f"throwaway: the server did not come up in 60 s, see {self.dir}/log")

    @property
    def socket_env(self):
        return {"PGHOST": self.dir, "PGPORT": str(self.port), "PGUSER": "tester", "PGDATABASE": "postgres",
                "PGSSLMODE": "disable"}

    @property
    def tls_env(self):
        return {"PGHOST": "localhost", "PGHOSTADDR": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "tester",
                "PGDATABASE": "postgres", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.root_certificate}

    def sql(self, text, env=None):
        """Rows of a query as psql prints them unaligned; an error raises."""
        answer = subprocess.run([find_bindir() + "/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text], text=True,
                                env={**os.environ, **(env or self.socket_env)}, capture_output=True, check=False)
        if answer.returncode:
            raise RuntimeError(f"{text}: {answer.stderr}")
        return [line for line in answer.stdout.split("\n") if line]

    def gates(self):
        """wait_for() and the others of gates.sql can be used in tasks."""
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "gates.sql")) as f:
            self.sql(f.read())

    def open(self, gate):
        """Lets the tasks go on that wait_for() it; also while the server makes itself ready again."""
        until = time.monotonic() + 60
        while True:
            try:
                return self.sql(f"insert into gate values ('{gate}')")
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def __exit__(self, *_):
        stop(self.process)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def stop(process):
    """SIGINT (a fast shutdown for both programs), then SIGKILL."""
    if process and process.poll() is None:
        process.send_signal(2)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Bouncer:
    """PgBouncer in front of a Server: `with Bouncer(server, pool_size=1) as b:` gives b.env for a client."""

    def __init__(self, server, pool_size=1, mode="transaction"):
        self.server, self.pool_size, self.mode = server, pool_size, mode
        self.process = None

    def __enter__(self):
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        self.dir = tempfile.mkdtemp(prefix="pgparallel-test-bouncer-")
        os.chmod(self.dir, 0o755)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        with open(self.dir + "/users.txt", "w") as f:
            f.write('"tester" ""\n')
        with open(self.dir + "/pgbouncer.ini", "w") as f:
            f.write(f"[databases]\npostgres = host={self.server.dir} port={self.server.port} dbname=postgres\n"
                    f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir = {self.dir}\n"
                    f"auth_type = trust\nauth_file = {self.dir}/users.txt\npool_mode = {self.mode}\n"
                    f"default_pool_size = {self.pool_size}\nmax_client_conn = 500\nlogfile = {self.dir}/log\n")
        if unprivileged():
            for path in (self.dir, self.dir + "/users.txt", self.dir + "/pgbouncer.ini"):
                os.chown(path, *unprivileged()[:2])
        command = [program, "-q", self.dir + "/pgbouncer.ini"]
        if unprivileged():
            uid, gid, _ = unprivileged()
            command = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"] + command
        self.process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.server.sql("select 1", self.env) == ["1"]:
                    return self
            except RuntimeError:
                time.sleep(0.05)
        raise SystemExit("throwaway: pgbouncer did not come up: " + open(self.dir + "/log").read()[-500:])

    @property
    def env(self):
        return {**self.server.socket_env, "PGHOST": self.dir, "PGPORT": str(self.port)}

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.dir, ignore_errors=True)
