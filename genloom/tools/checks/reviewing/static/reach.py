"""What reaches out of a program: the names of Python's own and well-known modules, by capability.

Python's documentation is the source of the lists. A name counts wherever it is mentioned, not only where it is called:
`map(eval, lines)` evaluates as well.
"""

from __future__ import annotations

from typing import Literal

from genloom.state import Capability

__all__ = ["ATTRIBUTES", "BUILTINS", "MODULES", "NAMES", "Weight", "weight_of"]

Weight = Literal["mild", "plain", "grave"]
"""How much a use weighs: reading what a caller names is mild, acting on the outside plain, attacking the interpreter
grave."""


def _table(entries: dict[Capability, str]) -> dict[str, Capability]:
    return {name: capability for capability, names in entries.items() for name in names.split()}


MODULES: dict[str, Capability] = _table(
    {
        "network": (
            "socket ssl http.client http.server urllib.request urllib3 requests httpx aiohttp ftplib smtplib poplib imaplib "
            "nntplib telnetlib socketserver xmlrpc.client xmlrpc.server websockets websocket paramiko asyncssh pycurl "
            "webbrowser wsgiref.simple_server grpc boto3 botocore"
        ),
        "processes": "subprocess multiprocessing pty popen2 pexpect sh invoke fabric",
        "native_code": "ctypes _ctypes cffi _cffi_backend",
        "deserialisation": "dill cloudpickle jsonpickle",
        "dynamic_code": "runpy code codeop",
        "introspection": "gc",
    }
)
"""Modules whose import alone shows what a program is about."""

BUILTINS: dict[str, Capability] = _table(
    {"dynamic_code": "eval exec compile __import__ __builtins__ __loader__", "files": "open"}
)

NAMES: dict[str, Capability] = _table(
    {
        "files": (
            "io.open io.FileIO io.open_code codecs.open bz2.open gzip.open lzma.open gzip.GzipFile tarfile.open "
            "zipfile.ZipFile tempfile.mkstemp tempfile.mkdtemp tempfile.NamedTemporaryFile tempfile.TemporaryFile "
            "tempfile.TemporaryDirectory tempfile.SpooledTemporaryFile fileinput.input linecache.getline "
            "linecache.getlines sqlite3.connect mmap.mmap glob.glob glob.iglob dbm.open logging.FileHandler "
            "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.move shutil.rmtree shutil.chown "
            "shutil.make_archive shutil.unpack_archive os.open os.fdopen os.remove os.unlink os.rename os.renames "
            "os.replace os.rmdir os.removedirs os.mkdir os.makedirs os.mkfifo os.mknod os.link os.symlink os.readlink "
            "os.truncate os.chmod os.chown os.lchown os.chflags os.utime os.listdir os.scandir os.walk os.fwalk "
            "os.sendfile os.pwrite os.copy_file_range os.statvfs os.chdir os.fchdir os.memfd_create"
        ),
        "network": (
            "asyncio.open_connection asyncio.start_server asyncio.open_unix_connection asyncio.start_unix_server "
            "logging.handlers.SocketHandler logging.handlers.HTTPHandler logging.handlers.SMTPHandler"
        ),
        "processes": (
            "os.system os.popen os.fork os.forkpty os.kill os.killpg os.abort os._exit os.posix_spawn os.posix_spawnp "
            "os.startfile os.execl os.execle os.execlp os.execlpe os.execv os.execve os.execvp os.execvpe os.spawnl "
            "os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve os.spawnvp os.spawnvpe os.setuid os.setgid "
            "os.setsid os.setpgid os.setns os.unshare os.chroot os.dup2 os.closerange os.pidfd_open "
            "asyncio.create_subprocess_exec asyncio.create_subprocess_shell signal.pthread_kill signal.raise_signal "
            "concurrent.futures.ProcessPoolExecutor concurrent.futures.process.ProcessPoolExecutor"
        ),
        "native_code": "mmap.PROT_EXEC importlib.machinery.ExtensionFileLoader imp.load_dynamic",
        "introspection": (
            "sys._getframe sys._current_frames sys._current_exceptions sys.settrace sys.setprofile sys.monitoring "
            "sys.addaudithook sys.setrecursionlimit sys._debugmallocstats threading.settrace threading.setprofile "
            "inspect.currentframe inspect.stack inspect.trace inspect.getouterframes inspect.getinnerframes "
            "faulthandler.dump_traceback_later gc.get_objects gc.get_referrers gc.get_referents"
        ),
        "dynamic_code": (
            "builtins.eval builtins.exec builtins.compile builtins.__import__ importlib.import_module "
            "importlib.__import__ importlib.reload importlib.util.spec_from_file_location importlib.util.module_from_spec "
            "importlib.util.spec_from_loader importlib.machinery.SourceFileLoader imp.load_source types.FunctionType "
            "types.CodeType types.LambdaType pkgutil.get_loader pydoc.locate timeit.timeit timeit.Timer cProfile.run "
            "profile.run pdb.run bdb.Bdb trace.Trace _xxsubinterpreters.create"
        ),
        "deserialisation": (
            "pickle.load pickle.loads pickle.Unpickler _pickle.loads _pickle.load pickle._loads cPickle.loads marshal.load "
            "marshal.loads shelve.open shelve.Shelf yaml.load yaml.load_all yaml.unsafe_load yaml.unsafe_load_all "
            "yaml.full_load yaml.full_load_all joblib.load torch.load pandas.read_pickle"
        ),
        "environment": (
            "os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv sys.modules sys.meta_path sys.path_hooks "
            "sys.path_importer_cache sys.path os.umask os.nice site.addsitedir atexit.register signal.signal "
            "resource.setrlimit sys.excepthook sys.displayhook sys.setswitchinterval"
        ),
    }
)
"""Single names of modules that are harmless otherwise."""

ATTRIBUTES: dict[str, Capability] = _table(
    {
        "files": "read_text write_text read_bytes write_bytes rglob iterdir unlink",
        "network": "create_connection create_datagram_endpoint create_server",
        "processes": "subprocess_exec subprocess_shell",
        "introspection": (
            "__subclasses__ __globals__ __closure__ __code__ __builtins__ __bases__ __base__ f_back f_globals f_locals "
            "f_builtins f_code gi_frame cr_frame ag_frame tb_frame tb_next gi_code cr_code co_code"
        ),
        "dynamic_code": "__loader__ exec_module load_module",
        "deserialisation": "__reduce__ __reduce_ex__ __setstate__",
    }
)
"""Attributes and methods that tell by their name, whatever object they are taken from."""

_MILD = frozenset(
    "os.environ os.environb os.getenv os.getenvb sys.modules sys.path os.umask os.nice atexit.register signal.signal "
    "sys.setrecursionlimit sys.excepthook sys.displayhook os.listdir os.scandir os.walk os.fwalk os.readlink os.statvfs "
    "glob.glob glob.iglob linecache.getline linecache.getlines tempfile.mkstemp tempfile.mkdtemp "
    "tempfile.NamedTemporaryFile tempfile.TemporaryFile tempfile.TemporaryDirectory tempfile.SpooledTemporaryFile "
    "read_text read_bytes rglob iterdir __code__ __bases__ __base__ __closure__ tb_frame tb_next f_code __loader__ "
    "__reduce__ __reduce_ex__ __setstate__ timeit.timeit timeit.Timer gc".split()
)

_GRAVE = frozenset(
    "ctypes _ctypes cffi _cffi_backend mmap.PROT_EXEC importlib.machinery.ExtensionFileLoader imp.load_dynamic "
    "sys._getframe sys._current_frames sys._current_exceptions sys.settrace sys.setprofile sys.monitoring "
    "sys.addaudithook threading.settrace threading.setprofile inspect.currentframe inspect.stack inspect.trace "
    "inspect.getouterframes inspect.getinnerframes __subclasses__ __globals__ __builtins__ f_back f_globals f_locals "
    "f_builtins gi_frame cr_frame ag_frame co_code types.CodeType gc.get_objects gc.get_referrers gc.get_referents".split()
)


def weight_of(name: str) -> Weight:
    """Return how much the mention of a name in the tables weighs."""
    return "mild" if name in _MILD else "grave" if name in _GRAVE else "plain"
