"""The keyboards that installers know: console keymaps and X layouts, by name.

Console keymaps: the files below ``data/keymaps/i386`` of kbd, in all of its releases from 1.15 on (kernel.org,
github.com/legionus/kbd). From RHEL 7 on there is one more for each X layout and variant, called ``layout-variant``. X
layouts: ``rules/base.lst`` of xkeyboard-config 2.35. One of a later release is not here: what is unknown may be new.
"""

from __future__ import annotations

import re
from typing import Final

_CONSOLE: Final = """
    3l ANSI-dvorak adnw azerty bashkir be-latin1 be2-latin1 bg bg-cp1251 bg-cp855 bg_bds-cp1251 bg_bds-utf8
    bg_pho-cp1251 bg_pho-utf8 bone br-abnt br-abnt2 br-latin1-abnt2 br-latin1-us by by-cp1251 bywin-cp1251 ca
    carpalx carpalx-full cf croat cz cz-cp1250 cz-lat2 cz-lat2-prog cz-us-qwertz de de-latin1 de-latin1-nodeadkeys
    de-mobii de_CH-latin1 de_alt_UTF-8 defkeymap defkeymap_V1.0 dk dk-latin1 dvorak dvorak-ca-fr dvorak-de
    dvorak-es dvorak-fr dvorak-fr-bepo dvorak-fr-bepo-utf8 dvorak-l dvorak-la dvorak-no dvorak-programmer dvorak-r
    dvorak-ru dvorak-sv-a1 dvorak-sv-a5 dvorak-uk dvorak-ukp emacs emacs2 en-latin9 es es-cp850 et et-nodeadkeys
    fa fi fi-latin1 fi-latin9 fr fr-afnor fr-bepo fr-bepo-latin9 fr-latin0 fr-latin1 fr-latin9 fr-pc fr_CH
    fr_CH-latin1 ge gr gr-pc hcesar hebrew hu hu101 ie il il-heb il-phonetic is-latin1 is-latin1-us it it-ibm it2
    jp106 kazakh koy ky_alt_sh-UTF-8 kyrgyz la-latin1 lt lt.baltic lt.l4 lv lv-tilde mac-no mk mk-cp1251 mk-utf
    mk0 mod-dh-ansi-us mod-dh-ansi-us-awing mod-dh-ansi-us-fatz mod-dh-ansi-us-fatz-wide mod-dh-ansi-us-wide
    mod-dh-iso-uk mod-dh-iso-uk-wide mod-dh-iso-us mod-dh-iso-us-wide mod-dh-matrix-us neo neoqwertz nl nl2 nl3 no
    no-latin1 pc110 pl pl1 pl2 pl3 pl4 pt pt-latin1 pt-latin9 ro ro_std ro_win ru ru-cp1251 ru-ms ru-yawerty ru1
    ru2 ru3 ru4 ru_win ruwin_alt-CP1251 ruwin_alt-KOI8-R ruwin_alt-UTF-8 ruwin_alt_sh-UTF-8 ruwin_cplk-CP1251
    ruwin_cplk-KOI8-R ruwin_cplk-UTF-8 ruwin_ct_sh-CP1251 ruwin_ct_sh-KOI8-R ruwin_ct_sh-UTF-8 ruwin_ctrl-CP1251
    ruwin_ctrl-KOI8-R ruwin_ctrl-UTF-8 se-fi-ir209 se-fi-lat6 se-ir209 se-lat6 se-latin1 sg sg-latin1
    sg-latin1-lk450 sg-mac sk-prog-qwerty sk-prog-qwertz sk-qwerty sk-qwertz slovene sr-cy sr-latin sv-latin1
    tj_alt-UTF8 tr_f-latin5 tr_q-latin5 tralt trf trq ttwin_alt-UTF-8 ttwin_cplk-UTF-8 ttwin_ct_sh-UTF-8
    ttwin_ctrl-UTF-8 ua ua-cp1251 ua-utf ua-utf-ws ua-ws uk us us-acentos us1 wangbe wangbe2
"""
_LAYOUTS: Final = """
    af al am ara at au az ba bd be bg br brai bt bw by ca cd ch cm cn custom cz de dk dz ee epo es et fi fo fr gb
    ge gh gn gr hr hu id ie il in iq ir is it jp jv ke kg kh kr kz la latam lk lt lv ma mao md me mk ml mm mn mt
    mv my ng nl no np ph pk pl pt ro rs ru se si sk sn sy tg th tj tm tr tw tz ua us uz vn za
"""
CONSOLE: Final = frozenset(_CONSOLE.split())
LAYOUTS: Final = frozenset(_LAYOUTS.split())
_LAYOUT: Final = re.compile(r"([\w-]+)(?:\s*\(([^()]*)\))?")


def is_console_keymap(name: str) -> bool:
    """Return whether a name is that of a console keymap; which variants a layout has is not looked at."""
    return name in CONSOLE or name.partition("-")[0] in LAYOUTS


def is_layout(text: str) -> bool:
    """Return whether a text is an X layout with or without a variant: ``de``, ``de (nodeadkeys)``."""
    match = _LAYOUT.fullmatch(text.strip())
    return match is not None and match[1] in LAYOUTS
