"""How servers of each dialect read a query and answer it, by the published formats. For whois-server."""

import re


def read_names(path):
    names = {}
    with open(path, "rb") as file:
        for line in file:
            match = re.match(rb"(\d+)[\t ]+(.*?)\r?\n?$", line)
            if match:
                names[int(match.group(1))] = match.group(2)
    return names


def to_latin1(text):
    """UTF-8 as Latin-1, without the characters that Latin-1 lacks."""
    return text.decode("utf-8", "replace").encode("latin-1", "ignore")


def split_name(name):
    """Splits "HANDLE - Text, CC" into handle, text and country."""
    match = re.search(rb", ?([A-Z]{2})$", name)
    country = match.group(1) if match else b""
    bare = name[: match.start()] if match else name
    handle, dash, text = bare.partition(b" - ")
    return (handle, text, country) if dash else (*bare.partition(b" ")[::2], country)


class Dialect:
    """A dialect has one number in one query line, unless it says otherwise."""

    LIMIT = b"%ERROR:201: access denied for 127.0.0.1\n"

    def __init__(self, names, options):
        self.names = names
        self.options = options

    def is_whole(self, text):
        return "\n" in text

    def numbers_of(self, text):
        return [self.number_of(line) for line in text.split("\n")[:1]]

    def number_of(self, line):
        match = re.fullmatch(r"\s*(?:-+\w+(?:\s+aut-num)?\s+|a\s+\+?\s*)*(?:AS)?(\d+)\s*", line, re.IGNORECASE)
        return int(match.group(1)) if match else None

    def endless(self):
        return b"remarks:        there is more to be said about this\n"

    def answer(self, _text, numbers, fault):
        if fault == "limit":
            return self.LIMIT
        number = numbers[0] if numbers else None
        name = self.names.get(number)
        if name is None:
            return b"" if fault == "omit" else self.unknown(number)
        if fault == "latin1":
            name = to_latin1(name)
        whole = self.found(number + 1 if fault == "wrong" else number, name)
        return whole + self.found(number, b"ANOTHER - Name, ZZ") if fault == "duplicate" else whole


class Rpsl(Dialect):
    HEAD = b"% This is the RIPE Database query service.\n% The objects are in RPSL format.\n\n"

    def unknown(self, _number):
        return self.HEAD + b"%ERROR:101: no entries found\n%\n% No entries found in source TEST.\n\n"

    def block(self, number):
        return b"as-block:       AS%d - AS%d\nas-name:        BLOCK\ndescr:          A block\n\n" % (number, number + 9)

    def aut_num(self, number, name):
        handle, text, country = split_name(name)
        lines = [b"aut-num:        AS%d" % number, b"as-name:        " + handle]
        if text:
            lines += [b"descr:          " + text, b"descr:          a second line"]
        lines += [b"country:        " + country] if country else []
        return b"\n".join([*lines, b"source:         TEST"]) + b"\n"

    def found(self, number, name):
        if self.options.refer:
            return self.HEAD + self.block(number) + b"refer:          %s\n\n" % self.options.refer.encode()
        person = b"person:         Somebody\ndescr:          not a name\n"
        return self.HEAD + self.block(number) + self.aut_num(number, name) + b"\n" + person + b"\n"


class Arin(Dialect):
    LIMIT = b"#\n# Query rate limit exceeded\n#\n"

    def unknown(self, number):
        return b"#\n# ARIN WHOIS data and services\n#\n\nNo match found for a %d.\n" % (number or 0)

    def found(self, number, name):
        handle, text, country = split_name(name)
        refer = b"ReferralServer:  whois://%s\n\n" % self.options.refer.encode() if self.options.refer else b""
        return (
            b"\n#\n# ARIN WHOIS data and services\n#\n\nASNumber:       %d\nASName:         %s\nASHandle:       AS%d\n"
            % (number, b"BLOCK" if refer else handle, number)
            + b"\n\nOrgName:        %s\nOrgId:          X\n" % (text or handle)
            + (b"Country:        %s\n" % country if country else b"") + b"\n" + refer
        )


class Lacnic(Dialect):
    LIMIT = b"\n% Query rate limit exceeded. Reduced information.\n"

    def unknown(self, number):
        return b"\n%% Joint Whois - whois.lacnic.net\n\n%% No match for AS%d\n\n" % (number or 0)

    def found(self, number, name):
        handle, text, country = split_name(name)
        owner = text or handle
        if self.options.refer:
            return b"\n%% Joint Whois - whois.lacnic.net\n\nwhois:       %s\n\n" % self.options.refer.encode()
        return (
            b"\n% Joint Whois - whois.lacnic.net\n\n"
            + b"aut-num:     AS%d\nowner:       %s\nresponsible: Somebody\n" % (number, owner)
            + (b"country:     %s\n" % country if country else b"") + b"\nperson:      Somebody\ncountry:     AR\n\n"
        )


class Iana(Dialect):
    """Knows no names, but which server does (--refer)."""

    def unknown(self, number):
        return self.found(number, b"")

    def found(self, number, _name):
        refer = b"refer:        %s\n\n" % self.options.refer.encode() if self.options.refer else b""
        return b"% IANA WHOIS server\n\n" + refer + b"as-block:     1-%d\nstatus:       ALLOCATED\n\n" % (number or 1)


class Irrd(Dialect):
    """Framed answers to many queries on one connection."""

    LIMIT = b"F rate limit exceeded\n"

    def is_whole(self, text):
        return text.endswith("!q\n") or (not text.startswith("!!") and "\n" in text)

    def numbers_of(self, text):
        return [int(number) for number in re.findall(r"!maut-num,AS(\d+)", text, re.IGNORECASE)]

    def frame(self, number, name):
        # Lines that look like the end of a frame belong to the object.
        body = Rpsl.aut_num(self, number, name) + b"remarks:\nC\nD\n"
        return b"A%d\n%sC\n" % (len(body), body)

    def answer(self, text, numbers, fault):
        if fault == "limit":
            return self.LIMIT * max(1, len(numbers))
        frames = []
        for number in numbers:
            shown = number + 1 if fault == "wrong" else number
            name = self.names.get(number)
            if name is not None:
                name = to_latin1(name) if fault == "latin1" else name
                frames += [self.frame(shown, name)] * (2 if fault == "duplicate" else 1)
            elif fault != "omit":
                frames.append(b"D\n")
        return b"".join(reversed(frames) if fault == "reverse" else frames)


class Cymru(Dialect):
    """Team Cymru's dialect: from begin to end, or one line."""

    LIMIT = b"Error: too many queries from your address\n"

    def is_whole(self, text):
        if text.startswith("begin\n"):
            return text.endswith("\nend\n")
        return "\n" in text and text[:5] != "begin"

    def numbers_of(self, text):
        return [self.number_of(line) for line in self.lines_of(text)]

    def number_of(self, line):
        match = re.fullmatch(r"\s*(?:-\w+\s+)*(?:AS)?(\d+)\s*", line, re.IGNORECASE)
        return int(match.group(1)) if match else None

    def lines_of(self, text):
        return text.split("\n")[:-1] or [text]

    def endless(self):
        return b"4199999999 | XX | endless | 2000-01-01 | XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX\n"

    def answer(self, text, numbers, fault):
        if fault == "limit":
            return self.LIMIT
        lines = self.lines_of(text)
        bulk = lines[0] == "begin"
        out = [b"Bulk mode; whois.cymru.com [2026-01-01 00:00:00 +0000]" if bulk else
               b"AS      | CC | Registry | Allocated  | AS Name"]
        body = []
        for place, (line, number) in enumerate(zip(lines, numbers), 1):
            if line in ("begin", "verbose", "end"):
                continue
            if fault == "wrong" and number is not None:
                number += 1
            body += self.rows(place, number, fault)
        if fault == "reverse":
            body.reverse()
        return b"\n".join(out + body) + b"\n"

    def rows(self, place, number, fault):
        name = self.names.get(number)
        if number is None or name is None:
            if fault == "omit":
                return []
            if number is None or number % 2:
                return [b"Error: no ASN or IP match on line %d." % place]
            return [b"%-7d | NA | %-8s | %-10s | NA" % (number, b"NA", b"NA")]
        match = re.search(rb", ?([A-Z]{2})$", name)
        country = match.group(1) if match else b"ZZ"
        row = b"%-7d | %s | %-8s | %-10s | " % (number, country, b"other", b"2000-03-30")
        if fault == "latin1":
            name = to_latin1(name)
        return [row + name, row + b"ANOTHER, ZZ"] if fault == "duplicate" else [row + name]


DIALECTS = {"cymru": Cymru, "rpsl": Rpsl, "irrd": Irrd, "arin": Arin, "lacnic": Lacnic, "iana": Iana}
