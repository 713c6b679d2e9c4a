# Run by an environment's own pip (Python 2.7): reads requirements NAME==VERSION from standard input and writes each with the sha256
# of every file that this pip may choose for it, in the index's own words. Nothing is downloaded but the index's pages.
import sys
from pip._internal.commands.install import InstallCommand
from pip._vendor.packaging.specifiers import SpecifierSet

command = InstallCommand("install", "")
options, _ = command.parser.parse_args([])
with command.main_context():
    finder = command._build_package_finder(options, command.get_default_session(options))
    for line in sys.stdin.read().splitlines():
        requirement = line.split(" --hash=")[0].strip()
        if not requirement or requirement.startswith("#"):
            print(line)
            continue
        name, version = requirement.split("==")
        found = finder.find_best_candidate(name, SpecifierSet("==" + version)).iter_applicable()
        hashes = sorted(set(str(c.link.hash) for c in found if c.link.hash_name == "sha256"))
        if not hashes:
            sys.exit("the index has no sha256 of " + requirement)
        print(" ".join([requirement] + ["--hash=sha256:" + h for h in hashes]))
