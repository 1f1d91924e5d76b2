// How much processor time Linux's control groups grant this process: containers and batch systems
// limit it that way, and affinity does not show it. Finds the files too; their contents come from a
// function that is passed in, and anything malformed counts as no limit.

/// The processor time that a process and its ancestors' control groups may use.
package enum ProcessorQuota {
    /// What the limits of all control groups above this process come to.
    ///
    /// Each group may have a limit of its own, and the smallest one applies.
    /// - Parameter read: The text of a file, or nil when it cannot be read.
    /// - Returns: Processor time in processors, such as 1.5; nil without a limit.
    package static func processors(reading read: (String) -> String?) -> Double? {
        guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo")
        else { return nil }
        let memberships = groups.split(separator: "\n").compactMap(Membership.init)
        return mounts.split(separator: "\n").compactMap(Mount.init)
            .flatMap { mount -> [Double] in
                guard let group = memberships.first(where: { $0.isUnified == mount.isUnified })
                else { return [] }
                return directories(from: group.path, in: mount)
                    .compactMap { limit(of: $0, isUnified: mount.isUnified, read) }
            }
            .min()
    }

    /// A line of `/proc/self/cgroup`: the group of the process in version 2's only hierarchy, or in
    /// version 1's for processor time.
    private struct Membership {
        let isUnified: Bool
        let path: Substring

        init?(_ line: Substring) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            isUnified = fields[0] == "0" && fields[1].isEmpty
            guard isUnified || fields[1].split(separator: ",").contains("cpu") else { return nil }
            path = fields[2]
        }
    }

    /// A line of `/proc/self/mountinfo` where such a hierarchy is mounted.
    private struct Mount {
        let isUnified: Bool
        /// The group that is visible at the mount point: in a container often not the root.
        let root: [Substring]
        let point: String

        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            // A hyphen ends the optional fields in the middle.
            guard let hyphen = fields.dropFirst(6).firstIndex(of: "-"), fields.count > hyphen + 3
            else { return nil }
            switch fields[hyphen + 1] {
            case "cgroup2": isUnified = true
            case "cgroup" where fields[hyphen + 3].split(separator: ",").contains("cpu"):
                isUnified = false
            default: return nil
            }
            root = unescaped(fields[3]).split(separator: "/").map { Substring($0) }
            point = unescaped(fields[4])
        }
    }

    /// More nested groups than anybody has.
    private static let deepestNesting = 64

    /// The directories of a group and of all visible groups above it, from the top.
    private static func directories(from path: Substring, in mount: Mount) -> [String] {
        let group = path.split(separator: "/")
        // A group outside of what is mounted, such as /../other, is not visible; what limits the
        // top of the mount still limits it.
        let isBelow = group.starts(with: mount.root) && !group.contains("..")
        let below = isBelow ? group.dropFirst(mount.root.count) : []
        var directories = [mount.point]
        for name in below.prefix(deepestNesting) {
            directories.append((directories.last ?? "") + "/" + name)
        }
        return directories
    }

    /// The processor time that one group may use, in processors.
    private static func limit(
        of directory: String,
        isUnified: Bool,
        _ read: (String) -> String?
    ) -> Double? {
        let numbers =
            if isUnified {
                read(directory + "/cpu.max")
            } else {
                read(directory + "/cpu.cfs_quota_us").flatMap { quota in
                    read(directory + "/cpu.cfs_period_us").map { quota + " " + $0 }
                }
            }
        // No limit is "max" in version 2 and -1 in version 1.
        let values = (numbers ?? "").split(whereSeparator: \.isWhitespace).map { Int64($0) ?? 0 }
        guard values.count == 2, values[0] > 0, values[1] > 0 else { return nil }
        return Double(values[0]) / Double(values[1])
    }

    /// The text of a field of `mountinfo`, where a space is written `\040`.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let first = rest.first {
            let digits = rest.dropFirst().prefix(3)
            if first == UInt8(ascii: "\\"), digits.count == 3,
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(byte)
                rest = rest.dropFirst(4)
            } else {
                bytes.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
