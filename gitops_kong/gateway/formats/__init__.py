"""What Kong asks of a single string: names, hosts, paths, certificates, code.

Each module holds one family of checks. A check takes the value and gives ``None`` when Kong takes it, or else the
exact message that Kong answers. What differs between gateway versions is an argument or a function of its own.
Checks never raise on a ``str``; what cannot be known here (an optional library is not installed) passes.
"""
