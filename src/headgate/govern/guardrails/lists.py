"""Word lists and patterns that come with the product: what is toxic, and what code should not be run unread.

They are short and literal on purpose: a list can't judge a meaning. Tenants add their own words.
"""

# ruff: noqa: E501 - a pattern is read as a whole
from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TOXIC: Mapping[str, str] = MappingProxyType({
    "harmful": r"\b(?:how to (?:make|build|construct) (?:a |an )?(?:bomb|pipe bomb|explosive|nerve agent|chemical weapon)s?|synthesi[sz]e (?:sarin|vx|ricin|methamphetamine))\b",
    "hate_speech": r"\b(?:(?:kill|gas|exterminate) all (?:the )?(?:jews|muslims|christians|hindus|blacks|whites|gays|immigrants|refugees|women|men)|(?:sub ?human|untermensch)s?|white power|heil hitler|ethnic cleansing is (?:good|right|needed))\b",
    "self_harm": r"\b(?:kill (?:yourself|urself)|kys|end your (?:own )?life|cut yourself|how to (?:commit suicide|kill myself|hang myself))\b",
    "violence": r"\b(?:i(?:'ll| will| am going to) (?:kill|murder|stab|shoot|strangle|beat) (?:you|him|her|them)|you (?:should|deserve to) die|death to \w+)\b",
    "profanity": r"\b(?:fuck(?:ing|er|ed|s)?|motherfuck\w*|shit(?:ty|s)?|bullshit|cunts?|assholes?|bitch(?:es)?|bastards?|dickheads?|wankers?)\b",
    "sexual": r"\b(?:porn(?:ographic|ography)?|blow ?jobs?|cum ?shots?|dildos?|orgasms?|gang ?bang\w*|masturbat\w+)\b",
})  # fmt: skip

CODE: Mapping[str, str] = MappingProxyType({
    "destructive_shell": r"\brm\s+(?:-[a-z]*\s+)*-[a-z]*(?:rf|fr)[a-z]*\b|\bmkfs(?:\.\w+)?\s+/dev/|\bdd\s+[^\n]{0,80}of=/dev/(?:sd|nvme|hd)|:\(\)\s*\{\s*:\|:&\s*\};:|\bformat\s+c:|\bRemove-Item\s+[^\n]{0,60}-Recurse[^\n]{0,40}-Force",
    "remote_script": r"\b(?:curl|wget)\s+[^\n|]{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b|\biex\s*\(?\s*\(?(?:new-object|iwr|invoke-webrequest)\b|\bbash\s+<\(\s*curl\b",
    "reverse_shell": r"/dev/tcp/\d|\bnc(?:at)?\s+[^\n]{0,60}-e\s|\bsocket\.socket\([^\n]{0,200}\bdup2\(|\bpty\.spawn\(",
    "code_execution": r"\b(?:os\.system|subprocess\.(?:run|call|popen|check_output)|child_process\.exec(?:sync)?|runtime\.getruntime\(\)\.exec|shell_exec|passthru)\s*\(|\beval\s*\(\s*(?:base64|atob|compile|request|input)",
    "sensitive_files": r"/etc/(?:shadow|passwd|sudoers)\b|~?/\.ssh/(?:id_\w+|authorized_keys)|\.aws/credentials\b|\\system32\\config\\sam\b",
    "mining": r"\b(?:xmrig|minerd|cgminer|ethminer|stratum\+tcp://|coinhive|cryptonight)",
    "sql_destruction": r"\bdrop\s+(?:table|database|schema)\s+\w|\btruncate\s+table\s+\w|\bdelete\s+from\s+\w+\s*(?:;|$)",
})  # fmt: skip
