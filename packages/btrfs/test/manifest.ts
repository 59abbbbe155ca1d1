import { execFileSync } from 'node:child_process'

/** What a path is and has, read by a program that shares nothing with what is tested. */
export interface ManifestEntry {
  readonly mode: string
  readonly uid: number
  readonly gid: number
  readonly nlink: number | null
  readonly mtime_ns: string
  readonly size?: number
  readonly sha256?: string
  readonly target?: string
  readonly rdev?: readonly number[]
  readonly xattrs?: Readonly<Record<string, string>>
  /** The first path, in the order of bytes, that is a name of the same file. */
  readonly first?: string
}

export type Manifest = Readonly<Record<string, ManifestEntry>>

const program = `
import hashlib, json, os, stat, sys
root = os.fsencode(sys.argv[1])
result, first = {}, {}
def visit(relative):
    path = os.path.join(root, relative) if relative else root
    s = os.lstat(path)
    entry = {"mode": oct(s.st_mode), "uid": s.st_uid, "gid": s.st_gid, "nlink": None if stat.S_ISDIR(s.st_mode) else s.st_nlink, "mtime_ns": str(s.st_mtime_ns)}
    key = relative.decode("latin1") or "."
    if stat.S_ISREG(s.st_mode):
        entry["size"] = s.st_size
        with open(path, "rb") as f:
            entry["sha256"] = hashlib.file_digest(f, "sha256").hexdigest()
    elif stat.S_ISLNK(s.st_mode):
        entry["target"] = os.readlink(path).decode("latin1")
    elif stat.S_ISCHR(s.st_mode) or stat.S_ISBLK(s.st_mode):
        entry["rdev"] = [os.major(s.st_rdev), os.minor(s.st_rdev)]
    if not stat.S_ISDIR(s.st_mode):
        first.setdefault(s.st_ino, key)
        if s.st_nlink > 1:
            entry["first"] = first[s.st_ino]
    xattrs = {n: os.getxattr(path, n, follow_symlinks=False).hex() for n in sorted(os.listxattr(path, follow_symlinks=False))}
    if xattrs:
        entry["xattrs"] = xattrs
    result[key] = entry
    if stat.S_ISDIR(s.st_mode):
        for name in sorted(os.listdir(path)):
            visit(os.path.join(relative, name) if relative else name)
visit(b"")
print(json.dumps(result))
`

/** Everything in a directory. Paths are a character per byte; its own is ".". */
export function manifest(directory: string): Manifest {
  return JSON.parse(execFileSync('python3', ['-c', program, directory], { encoding: 'utf8', maxBuffer: 1 << 28 })) as Manifest
}
