#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenario.hpp"
#include "bench/scenarios/fire_history.hpp"
#include "bench/scenarios/fire_reader.hpp"
#include "bench/subject/receiver.hpp"

/// What became of the cues that were due during a run, put together after it from Postgres and from what receivers saw.
/// Stages of a fire, all counted from the instant at which the cue was due:
///   fired      the transaction that made its execution began (Postgres' clock is the machine's)
///   sent       the first byte of the first request reached the receiver on the loopback: an upper bound of sending
///   delivered  the transaction that wrote its success down began
namespace cued::bench {

struct fire_account {
  std::map<std::string, histogram> lateness;
  std::vector<instant> arrived;        ///< of each execution that was heard of: its first request; in order
  std::vector<instant> succeeded;      ///< in order
  std::uint64_t never_heard_of = 0;    ///< executions
  std::uint64_t before_their_time = 0; ///< fires or deliveries earlier than due: a fault
};

/// Pure. `deliveries` may hold other executions as well; they are left alone.
[[nodiscard]] fire_account account_of(const std::vector<stored_fire>& fires, const std::vector<delivery>& deliveries);

/// How many of these instants, which are in order, lie in each 100 ms from `from`.
[[nodiscard]] std::vector<std::uint64_t> per_tick(const std::vector<instant>& at, instant from,
                                                  std::chrono::microseconds length);

/// Instants of a stretch per second: those in the middle, from the `skip_percent`th to the same before the last, so
/// that neither the start nor the end counts. 0 if there are too few to tell.
[[nodiscard]] double steady_rate(const std::vector<instant>& at, double skip_percent);

/// Pure: which samples have a signature that their cue's secret did not make.
[[nodiscard]] std::vector<std::string> wrong_signatures(const std::vector<signed_sample>& samples,
                                                        const std::map<std::string, std::string>& secret_of_cue);

/// Compares what was due in the span with what is stored and with what was heard of.
[[nodiscard]] result<void> examine_history(const std::string& dsn, const due_span& span,
                                           const std::vector<delivery>& deliveries, const fire_history::rules& rules,
                                           measurement& into);

/// Checks the samples of a receiver with their cues' secrets; its complaints become remarks.
[[nodiscard]] result<void> examine_signatures(const std::string& dsn, const receiver& heard, measurement& into);

/// Both, after a run whose fires are all webhooks to `heard`.
[[nodiscard]] result<void> examine_webhooks(const std::string& dsn, const due_span& span, const receiver& heard,
                                            const fire_history::rules& rules, measurement& into);

} // namespace cued::bench
