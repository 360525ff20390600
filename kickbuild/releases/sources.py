"""Where each fact of the matrix was read: family -> citation, from that family on until the next citation.

``branch:path:line`` of rhinstaller/anaconda unless another repository is named; "inferred" where no line says it.
"""

from __future__ import annotations

from typing import Final

HD: Final = {
    "RHEL 5": "rhel5-branch:loader2/hdinstall.c:441-481, isys/devnodes.c:214-512",
    "RHEL 6": "rhel6-branch:loader/hdinstall.c:409-449, isys/imount.c:71-130",
    "RHEL 7": "rhel7-branch:dracut/kickstart-genrules.sh:11-20, dracut/anaconda-lib.sh:137-144",
    "RHEL 8": "rhel-8:dracut/anaconda-lib.sh:179",
    "RHEL 9": "rhel-9:dracut/anaconda-lib.sh:208",
    "RHEL 10": "rhel-10:dracut/anaconda-lib.sh:209",
    "Fedora": "main:dracut/anaconda-lib.sh:209",
}
HARDDRIVE: Final = {
    "RHEL 5": "rhel5-branch:loader2/hdinstall.c:191-244,386-439, harddrive.py:162-185",
    "RHEL 6": "rhel6-branch:loader/hdinstall.c:148-193,341-407, image.py:138-181",
    "RHEL 7": "rhel7-branch:dracut/parse-kickstart:117-122, pyanaconda/packaging/__init__.py:1037-1060",
    "RHEL 8": "rhel-8:pyanaconda/modules/payloads/source/harddrive/initialization.py:51-93, source/utils.py:68-94",
    "RHEL 9": "rhel-9:pyanaconda/modules/payloads/source/utils.py:68-94",
    "RHEL 10": "rhel-10:pyanaconda/modules/payloads/source/utils.py:90-171",
}
ARGUMENT: Final = {
    "RHEL 5": "rhel5-branch:loader2/loader.c:780",
    "RHEL 6": "rhel6-branch:loader/loader.c:942-971",
    "RHEL 7": "rhel7-branch:dracut/parse-anaconda-kickstart.sh:8",
    "RHEL 8": "rhel-8:dracut/parse-anaconda-kickstart.sh:8, parse-anaconda-options.sh:45-50",
    "RHEL 9": "rhel-9:dracut/parse-anaconda-kickstart.sh:10 (commit a45405de99)",
    "RHEL 10": "rhel-10:dracut/parse-anaconda-kickstart.sh:10",
    "Fedora": "main:dracut/parse-anaconda-kickstart.sh:10",
}
DIR: Final = {
    "RHEL 5": "rhel5-branch:image.py:395-470",
    "RHEL 6": "rhel6-branch:yuminstall.py:483-502, image.py:40-114,183-214",
    "RHEL 7": "rhel7-branch:pyanaconda/packaging/__init__.py:984-1017, image.py:35-103",
    "RHEL 8": "rhel-8:pyanaconda/payload/image.py:47-128; rhel-8.0:pyanaconda/payload/__init__.py:1158-1168",
}
STAGE2: Final = {
    "RHEL 5": "rhel5-branch:loader2/hdinstall.c:49-112,150-155",
    "RHEL 6": "rhel6-branch:loader/hdinstall.c:69-96,146-193",
    "RHEL 7": "rhel7-branch:dracut/anaconda-lib.sh:42-102 (find_runtime was executed)",
    "RHEL 8": "rhel-8:dracut/anaconda-lib.sh:43-93 (find_runtime was executed)",
}
CLEARPART: Final = {
    "RHEL 5": "rhel5-branch:kickstart.py:184-194",
    "RHEL 6": "rhel6-branch:kickstart.py:194-215,341-360, storage/udev.py:33-82 (commit 4cd4abf7d5)",
    "RHEL 7": "rhel7-branch:pyanaconda/storage_utils.py:775, kickstart.py:631-654",
    "RHEL 8": "rhel-8:pyanaconda/core/storage.py:140",
    "RHEL 9": "rhel-9:pyanaconda/core/storage.py:144, disk_initialization/initialization.py:91-114",
    "RHEL 10": "rhel-10:pyanaconda/core/storage.py:162",
    "Fedora": "main:pyanaconda/core/storage.py:168",
}
ONDISK: Final = {
    "RHEL 5": "rhel5-branch:kickstart.py:534-538",
    "RHEL 6": "rhel6-branch:kickstart.py:949-977",
    "RHEL 7": "rhel7-branch:pyanaconda/kickstart.py:1418-1442",
    "RHEL 8": "rhel-8:custom_partitioning.py:321",
    "RHEL 9": "rhel-9:custom_partitioning.py:331",
    "RHEL 10": "rhel-10:custom_partitioning.py:306",
    "Fedora": "main:custom_partitioning.py:320",
}
PROTECTED: Final = {
    "RHEL 5": "rhel5-branch:harddrive.py:159-160, autopart.py:1111-1124, partedUtils.py:394-410,1293-1296",
    "RHEL 6": "rhel6-branch:anaconda:600-611, storage/devicetree.py:1390-1394, partitioning.py:383-385,471-473",
    "RHEL 7": "rhel7-branch:pyanaconda/anaconda.py:150-168; blivet rhel7-branch:blivet/__init__.py:820-823",
    "RHEL 8": "rhel-8:pyanaconda/anaconda.py:104, configuration.py:113",
    "RHEL 9": "rhel-9:pyanaconda/anaconda.py:124,527-528, configuration.py:117",
    "RHEL 10": "rhel-10:dnf/utils.py:180-224, model.py:282-338 (commit dee8779c2b)",
    "Fedora": "main:model.py:359-408; fedora-40:model.py:356-366",
}
IGNOREDISK: Final = {
    "RHEL 5": "rhel5-branch:installclass.py:112-122",
    "RHEL 6": "rhel6-branch:storage/__init__.py:97-98, kickstart.py:403-428",
    "RHEL 7": "blivet rhel7-branch:blivet/devicetree.py:2106-2116,2255-2262,2339-2352",
    "RHEL 8": "rhel-8.0:pyanaconda/payload/__init__.py:1269-1272; main:docs common-bugs.rst:467-480",
}
AUTOPART: Final = {
    "RHEL 5": "rhel5-branch:autopart.py:1121-1124",
    "RHEL 6": "rhel6-branch:storage/partitioning.py:383-385",
    "RHEL 7": "blivet rhel7-branch:blivet/partitioning.py:43-76",
    "RHEL 8": "rhel-8:automatic/utils.py:128",
    "RHEL 9": "rhel-9:automatic/utils.py:130, ui/lib/storage.py:132-163",
}
TOOLS: Final = {
    "RHEL 5": "rhel5-branch:scripts/upd-instroot:298-571, scripts/mk-images:650-654",
    "RHEL 6": "rhel6-branch:scripts/upd-instroot:292-560,868-904",
    "RHEL 7": "lorax rhel7-branch:share/runtime-cleanup.tmpl:150-166,323-328",
    "RHEL 8": "lorax rhel8-branch:share/runtime-cleanup.tmpl:313-318",
    "RHEL 9": "lorax rhel9-branch:share/runtime-cleanup.tmpl:307-312",
    "RHEL 10": "lorax rhel10-branch:share/runtime-cleanup.tmpl:115-131,300-307",
}
LOADERS: Final = {
    "RHEL 5": "rhel5-branch:booty (inferred from rhel6-branch:booty/x86.py:563-564)",
    "RHEL 6": "rhel6-branch:booty/x86.py:408-417,563-564",
    "RHEL 7": "rhel7-branch:pyanaconda/bootloader.py:1416-1417",
    "RHEL 8": "rhel-8:grub2.py:286, grub2 rhel-8-main:util/grub.d/10_linux.in:161-178",
    "RHEL 9": "rhel-9:grub2.py:276, grub2 rhel-9-main:util/grub.d/10_linux.in:258-267",
    "RHEL 10": "rhel-10:grub2.py:277",
}
GRAMMAR: Final = {"RHEL 5": "pykickstart's grammar of the release, executed"}
INCLUDE: Final = {
    "RHEL 5": "rhel5-branch:loader2/kickstart.c:166-170",
    "RHEL 6": "rhel6-branch:loader/kickstart.c:182-193",
    "RHEL 7": "rhel7-branch:dracut/parse-kickstart:672",
}
MOUNTED: Final = {
    "RHEL 5": "rhel5-branch:harddrive.py:183-185",
    "RHEL 6": "rhel6-branch:loader/hdinstall.c:100",
    "RHEL 7": "rhel7-branch:dracut/anaconda-diskroot:60-61, anaconda-lib.sh:69-102",
    "RHEL 8": "rhel-8:dracut/anaconda-diskroot:82",
}
ONERROR: Final = {
    "RHEL 5": "rhel5-branch:kickstart.py has no such section",
    "RHEL 6": "rhel6-branch:kickstart.py has no such section",
    "RHEL 7": "rhel7-branch, commit 90d2a7269d (first in 21.48.22.102; 7.4 is inferred)",
    "RHEL 8": "rhel-8:pyanaconda/kickstart.py:482",
}
EMERGENCY: Final = {
    "RHEL 5": "rhel5-branch:loader2/kickstart.c:442-460 (a dialog waits)",
    "RHEL 6": "rhel6-branch:loader (a dialog waits)",
    "RHEL 7": "dracut 033 has no such option",
    "RHEL 8": "dracut 049:dracut-lib.sh:1123-1170 (commit c45e856a)",
}
LIMIT: Final = {
    "RHEL 5": "rhel5-branch:loader2/loader.c:617",
    "RHEL 6": "rhel6-branch:loader/loader.c:942,958",
    "RHEL 7": "the kernel's COMMAND_LINE_SIZE on x86 (inferred)",
}
MEMORY: Final = {
    "RHEL 5": "rhel5-branch:isys/isys.h:4-5",
    "RHEL 6": "rhel6-branch:isys/isys.h:23-24",
    "RHEL 7": "rhel7-branch:pyanaconda/isys/__init__.py:41-49; what the installer works with in practice (inferred)",
    "RHEL 9": "rhel-9:pyanaconda/isys/__init__.py:39-47; what the installer works with in practice (inferred)",
    "RHEL 10": "rhel-10:pyanaconda/core/hw.py:29-51; what the installer works with in practice (inferred)",
}
FILESYSTEMS: Final = {
    "RHEL 5": "rhel5-branch:loader2/hdinstall.c:120",
    "RHEL 6": "rhel6-branch:scripts/mk-images:109 (commit 7005258fe0)",
    "RHEL 7": "dracut 033:modules.d/90kernel-modules/module-setup.sh",
}
HARDWARE: Final = {
    "RHEL 5": "rhel6-branch:loader/loader.c:1308-1320 (inferred)",
    "RHEL 6": "rhel6-branch:loader/loader.c:1308-1320",
    "RHEL 7": "rhel7-branch:pyanaconda/ui/tui/spokes/warnings.py:44-52",
    "RHEL 8": "rhel-8: only the graphical welcome screen warns",
}
HASHES: Final = {"RHEL 5": "glibc's crypt (inferred)", "RHEL 8": "libxcrypt (inferred)"}
NETWORK: Final = {
    "RHEL 5": "initscripts (inferred)",
    "RHEL 7": "NetworkManager, its plugins ifcfg-rh and keyfile (inferred)",
    "RHEL 10": "release notes: ifcfg files are not read any more",
    "Fedora": "NetworkManager-initscripts-ifcfg-rh is not installed by default, and gone in 41",
}
DEFAULT_FS: Final = {
    "RHEL 5": "rhel5-branch (inferred)",
    "RHEL 6": "rhel6-branch:storage/formats/__init__.py:48",
    "RHEL 7": "rhel7-branch, the install class of RHEL (inferred)",
    "RHEL 8": "rhel-8:data/product.d/rhel.conf:44",
    "RHEL 9": "rhel-9:data/product.d/rhel.conf:37",
    "RHEL 10": "rhel-10:data/profile.d/rhel.conf:36",
    "Fedora": "main:data/profile.d/fedora-server.conf",
}
LAYOUT: Final = {
    "RHEL 5": "rhel5-branch:scripts/mk-images",
    "RHEL 6": "rhel6-branch:scripts/mk-images",
    "RHEL 7": "lorax rhel7-branch:share/*.tmpl",
    "RHEL 8": "lorax rhel8-branch:share/*.tmpl",
    "RHEL 9": "lorax rhel9-branch:share/*.tmpl",
    "RHEL 10": "lorax rhel10-branch:share/*.tmpl",
    "Fedora": "lorax master:share/*.tmpl",
}
