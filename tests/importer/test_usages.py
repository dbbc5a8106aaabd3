"""Uses of a module's names in the rest of a repository, and what the modules beside it offer."""

from generation import MODULE, Project

from genloom.config import load_settings
from genloom.interfaces.importer.caller.usages import sibling_signatures, usages_of, users_of

TARGET = "myapp/gen/text.py"


def uses(project: Project, **given: str) -> dict[str, str]:
    for path, text in given.items():
        project.write(path.replace("__", "/") + ".py", text)
    own = project.folder / "myapp/own.py"
    users = users_of(MODULE, ["slugify"], project.folder, TARGET, load_settings(), leave_out=own)
    return usages_of(users, ["slugify"])


def test_every_form_of_the_import_is_found(project: Project) -> None:
    found = uses(
        project,
        myapp__a="from myapp.gen.text import slugify\nA = slugify('a')\n",
        myapp__b="from .gen.text import slugify as s\nB = s('b')\n",
        myapp__c="from .gen import text\nC = text.slugify('c')\n",
        myapp__gen__d="from . import text\nD = text.slugify('d')\n",
        myapp__e="import myapp.gen.text as t\nE = t.slugify('e')\n",
        myapp__own="from .gen.text import slugify\nOWN = slugify('o')\n",
        myapp__other="from .elsewhere import slugify\nF = slugify('f')\n",
        myapp__names="from .gen.text import words\nG = words('g')\n",
    )
    assert {path.rpartition("/")[2] for path in found} >= {"a.py", "b.py", "c.py", "d.py", "e.py"}
    assert "B = s('b')" in found["myapp/b.py"]
    assert not {"myapp/own.py", "myapp/other.py"} & set(found)


def test_only_the_statements_that_matter_are_told(project: Project) -> None:
    text = "import os\nfrom .gen.text import slugify\n\nSECRET = os.getcwd()\nTITLE = 'A'\nslugify(TITLE)\n"
    (shown,) = uses(project, myapp__a=text).values()
    assert "TITLE = 'A'" in shown
    assert "getcwd" not in shown


def test_siblings_are_told_by_their_signatures(project: Project) -> None:
    project.write(TARGET, "def own(): ...\n")
    project.write("myapp/gen/sub/deep.py", "class A(list):\n    def put(self, x: int) -> None:\n        self.x = x\n")
    names = "LIMIT = 3\n_x = 1\n\n\nasync def get(n: int = 1) -> str:\n    return ''\n\n\ndef _own(): ...\n"
    project.write("myapp/gen/names.py", names)
    project.write("myapp/gen/.genloom/x.py", "def hidden(): ...\n")
    project.write("myapp/gen/broken.py", "def (:\n")
    assert sibling_signatures(project.directory, MODULE, "myapp.gen") == (
        "# myapp.gen.names\nLIMIT = 3\nasync def get(n: int=1) -> str: ...\n\n"
        "# myapp.gen.sub.deep\nclass A(list):\n    def put(self, x: int) -> None: ..."
    )
