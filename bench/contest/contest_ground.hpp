#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "bench/subject/server.hpp"
#include "domain/error.hpp"

namespace cued::bench {

struct ground_wish {
  std::filesystem::path program;   ///< the binary `cued`
  std::filesystem::path data_dir;  ///< of the one private cluster that all contestants share
  std::filesystem::path cache_dir; ///< where programs of others are installed and built; kept between runs
  std::string rival_url;           ///< any server that speaks the same API; empty: none
  std::string rival_key;           ///< a key of an account there whose limits are not in the way
  std::function<void(std::string_view)> progress = [](std::string_view) {};
};

/// Where a contest is held: one cued with its private Postgres, in which each contestant has a database of its own.
/// So all commit to the same disk through the same Postgres with the same settings. Owned by main; one thread uses it.
class contest_ground {
public:
  [[nodiscard]] static result<std::unique_ptr<contest_ground>> open(ground_wish wish);

  [[nodiscard]] server& subject() { return *subject_; } ///< the cued with its usual settings, always running
  [[nodiscard]] const ground_wish& wish() const { return wish_; }

  /// The DSN of a database of that name, which is made if it is not there. `name` is a plain word.
  [[nodiscard]] result<std::string> database(const std::string& name) const;

  /// A cued with settings of its own on a database of its own in the same cluster. It is stopped with the object.
  [[nodiscard]] result<std::unique_ptr<server>> start_variant(const std::string& name,
                                                              std::map<std::string, std::string> settings) const;

private:
  contest_ground(ground_wish wish, std::unique_ptr<server> subject)
      : wish_{std::move(wish)}, subject_{std::move(subject)} {}

  ground_wish wish_;
  std::unique_ptr<server> subject_;
};

/// The DSN with another database in it: libpq and its like take the last of repeated words.
[[nodiscard]] std::string with_database(const std::string& dsn, const std::string& name);

/// A DSN of words (`host='/run/x' port=5432`) as the URL that DATABASE_URL wants.
[[nodiscard]] std::string database_url_of(const std::string& dsn);

/// Error unless a session of this DSN waits until its commits are on the disk.
[[nodiscard]] result<void> check_durability(const std::string& dsn);

/// Writes all dirty pages and restarts the log's page images, so that each round begins alike.
[[nodiscard]] result<void> checkpoint(const std::string& dsn);

} // namespace cued::bench
