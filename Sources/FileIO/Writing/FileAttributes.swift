// What of a file or a directory outlives its content: who owns it and who may read it. What takes
// the place of another keeps them, so that what was private stays so. Access lists are not among
// them.

import SystemPackage

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Owner, group and permissions of a regular file or a directory.
struct FileAttributes {
    private let owner: uid_t
    private let group: gid_t
    private let permissions: mode_t

    /// Those of what is at `path`; nil when that is nothing, or neither of the two.
    init?(of path: FilePath) {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0,
            [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
        else { return nil }
        (owner, group, permissions) = (status.st_uid, status.st_gid, status.st_mode & 0o7777)
    }

    /// Gives them to what is open, as far as the system permits.
    func apply(to descriptor: CInt) {
        var (isOwned, isOfGroup) = (true, true)
        var status = stat()
        if fstat(descriptor, &status) != 0 || status.st_uid != owner || status.st_gid != group {
            isOwned = fchown(descriptor, owner, group) == 0
            // Only the superuser gives files away, but a group of one's own is one's to choose.
            isOfGroup = isOwned || fchown(descriptor, uid_t.max, group) == 0
        }
        // Some file systems know no permissions, so a refusal is no error.
        _ = fchmod(
            descriptor,
            Self.keeping(permissions, isOwned: isOwned, isOfGroup: isOfGroup)
        )
    }

    /// What a file keeps of its permissions when it may have another owner or another group.
    static func keeping(_ permissions: mode_t, isOwned: Bool, isOfGroup: Bool) -> mode_t {
        // Running as its owner is meant for that owner alone.
        let kept = isOwned ? permissions : permissions & 0o777
        // Another group may do what everybody may.
        return isOfGroup ? kept : kept & 0o707 | (kept & 0o007) << 3
    }
}
