/**
 * What Node has no call for, as a program of Python: times to the nanosecond, extended attributes, device nodes and sockets, ranges that share blocks.
 *
 * A request is a line with the name of a call and the lengths of its arguments, and then these. The answer is a line: "ok", or the name of the error
 * and what the system says about it. Files are never followed if they are symbolic links.
 */
export const helperProgram = `
import errno, fcntl, os, struct, sys

def times(file, atime, mtime):
    os.utime(file, ns=(int(atime), int(mtime)), follow_symlinks=False)

def setxattr(file, name, value):
    os.setxattr(file, name, value, follow_symlinks=False)

def removexattr(file, name):
    os.removexattr(file, name, follow_symlinks=False)

def mknod(file, mode, major, minor):
    os.mknod(file, int(mode), os.makedev(int(major), int(minor)))

def clone(source, source_offset, length, target, target_offset):
    flags = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    reading = os.open(source, os.O_RDONLY | flags)
    try:
        writing = os.open(target, os.O_WRONLY | flags)
        try:
            # FICLONERANGE
            fcntl.ioctl(writing, 0x4020940D, struct.pack("qQQQ", reading, int(source_offset), int(length), int(target_offset)))
        finally:
            os.close(writing)
    finally:
        os.close(reading)

calls = {b"times": times, b"setxattr": setxattr, b"removexattr": removexattr, b"mknod": mknod, b"clone": clone}
requests, answers = sys.stdin.buffer, sys.stdout.buffer
while True:
    line = requests.readline()
    if not line:
        break
    name, *lengths = line.split()
    arguments = [requests.read(int(length)) for length in lengths]
    try:
        calls[name](*arguments)
        answer = "ok"
    except OSError as error:
        answer = "%s %s" % (errno.errorcode.get(error.errno, "UNKNOWN"), error.strerror)
    except Exception as error:
        answer = "ENOSYS %s" % str(error).replace("\\n", " ")
    answers.write(answer.encode() + b"\\n")
    answers.flush()
`
