// What outlives the content of a file or a directory: who owns it and who may read it. A
// replacement keeps both, so that what was private stays private. Access lists are not covered.

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

    /// The attributes of what is at `path`; nil when that is missing, or neither of the two.
    init?(of path: FilePath) {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0,
            [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
        else { return nil }
        (owner, group, permissions) = (status.st_uid, status.st_gid, status.st_mode & 0o7777)
    }

    /// Applies them to an open file, as far as the system permits.
    func apply(to descriptor: CInt) {
        var (isOwned, isOfGroup) = (true, true)
        var status = stat()
        if fstat(descriptor, &status) != 0 || status.st_uid != owner || status.st_gid != group {
            isOwned = fchown(descriptor, owner, group) == 0
            // Only the superuser can give files away, but users may choose among their own groups.
            isOfGroup = isOwned || fchown(descriptor, uid_t.max, group) == 0
        }
        // Some file systems have no permissions, so a refusal is not an error.
        _ = fchmod(
            descriptor,
            Self.keeping(permissions, isOwned: isOwned, isOfGroup: isOfGroup)
        )
    }

    /// The permissions a file keeps when its owner or group may be different.
    static func keeping(_ permissions: mode_t, isOwned: Bool, isOfGroup: Bool) -> mode_t {
        // Setuid is meant for that owner only.
        let kept = isOwned ? permissions : permissions & 0o777
        // Another group may do what everybody may.
        return isOfGroup ? kept : kept & 0o707 | (kept & 0o007) << 3
    }
}
