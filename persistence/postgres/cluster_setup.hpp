#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "domain/error.hpp"
#include "persistence/postgres/child_process.hpp"
#include "persistence/postgres/cluster_layout.hpp"

namespace cued::persistence {

/// The steps that come before a private cluster can be started. Each is harmless when repeated, and a kill -9 within
/// any of them leaves nothing that the next start would mistake for a cluster.

/// Makes the data directory if needed and resolves it: absolute, no symbolic links.
[[nodiscard]] result<std::filesystem::path> make_data_dir(const std::filesystem::path& wanted);

/// Whose rights the cluster gets. Started as an ordinary user: our own (nothing). As root: the owner of the cluster
/// that is there, else the first of the accounts `cued`, `postgres`, `nobody` that exists; Postgres refuses root.
[[nodiscard]] result<std::optional<account>> choose_account(const cluster_layout& layout);

/// The directories of cluster_layout, private to `who`.
[[nodiscard]] result<void> make_directories(const cluster_layout& layout, const std::optional<account>& who);

/// The programs that fit the cluster that is there, or the newest ones if there is none yet.
[[nodiscard]] result<std::filesystem::path> choose_binaries(const cluster_layout& layout, const std::string& bin_dir);

/// initdb, unless there is a cluster.
[[nodiscard]] result<void> make_cluster(const cluster_layout& layout, const std::filesystem::path& bin_dir,
                                        const std::optional<account>& who);

/// Command line and surroundings of the server: what must hold whatever the files of the cluster say.
[[nodiscard]] process_description server_process(const cluster_layout& layout, const std::filesystem::path& bin_dir,
                                                 const std::optional<account>& who);

/// The last lines that a failed initdb or server wrote to the start log, for an error message.
[[nodiscard]] std::string last_words(const cluster_layout& layout);

} // namespace cued::persistence
