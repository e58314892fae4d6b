"""For Popen's preexec_fn: a kernel that has no Landlock, as far as the process can tell."""

import ctypes
import struct

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _FAIL_WITH = 0x7FFF0000, 0x00050000
_ENOSYS = 38
_CREATE_RULESET = 444  # Of every architecture.

_LIBC = ctypes.CDLL(None, use_errno=True)
_PROGRAM = b"".join(struct.pack("HBBI", *one) for one in (
    (_LOAD_WORD, 0, 0, 0),  # The system call's number.
    (_JUMP_IF_EQUAL, 0, 1, _CREATE_RULESET),
    (_RETURN, 0, 0, _FAIL_WITH | _ENOSYS),
    (_RETURN, 0, 0, _ALLOW)))
_INSTRUCTIONS = ctypes.create_string_buffer(_PROGRAM, len(_PROGRAM))


def without_landlock():
    length = struct.pack("HxxxxxxN", len(_PROGRAM) // 8, ctypes.addressof(_INSTRUCTIONS))
    program = ctypes.create_string_buffer(length, len(length))
    if (_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0
            or _LIBC.prctl(_SET_SECCOMP, _FILTER, program) != 0):
        raise OSError(ctypes.get_errno(), "prctl")
