#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/stored_execution.hpp"
#include "domain/error.hpp"
#include "domain/instant.hpp"
#include "persistence/postgres/connection.hpp"

/// What scenarios of fires ask Postgres. All of it is about one-time cues, whose instant stays in their schedule.
namespace cued::bench {

/// Due instants from `first` to `last`, both included.
struct due_span {
  instant first, last;
};

/// One scheduled execution, as Postgres tells of it.
struct stored_fire {
  execution_key id;
  instant due;
  instant fired;                    ///< created_at: when the transaction that made it began
  std::optional<instant> succeeded; ///< when its success was written down
};

[[nodiscard]] result<std::vector<stored_fire>> read_fires(const std::string& dsn, const due_span& span);

/// Cues that have their instant in the span, whether they were fired or not.
[[nodiscard]] result<void> for_each_due_cue(const std::string& dsn, const due_span& span,
                                            const std::function<void(std::uint64_t cue, instant due)>& see);

/// The secrets that the webhooks of these cues are signed with, by cue.
[[nodiscard]] result<std::map<std::string, std::string>> webhook_secrets(const std::string& dsn,
                                                                         const std::vector<std::string>& cue_ids);

/// Looks how far a run has come, cheaply enough to look often. One connection, one thread.
class fire_watch {
public:
  explicit fire_watch(const std::string& dsn);

  /// Whether no cue is due in the span any more: then the executions of all of them are committed, as an execution is
  /// made and its cue moved on by one commit.
  [[nodiscard]] result<bool> all_fired(const due_span& span);
  /// How many of the span's executions are recorded as successes.
  [[nodiscard]] result<std::uint64_t> succeeded(const due_span& span);

private:
  persistence::connection link_;
};

} // namespace cued::bench
