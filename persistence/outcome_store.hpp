#pragma once

#include <optional>
#include <string>
#include <vector>

#include "persistence/delivery_store.hpp"
#include "persistence/postgres/connection.hpp"
#include "persistence/worthwhile_try.hpp"

namespace cued::persistence {

/// What a handler reported about one execution, already validated. JSON members are JSON text.
/// Source: spec/executions.md §5.
struct reported_outcome {
  std::string user_id;
  std::string execution_id;
  bool success = false;
  std::optional<std::string> result, error, metadata_json;
  std::optional<std::string> external_id, result_url, result_ref, result_type, summary, artifacts_json;
  bool refused = false; ///< too large to be stored: only tell whether the execution could have taken it
};

/// What became of one report.
struct recorded_outcome {
  /// `not_now`: the database went away between the two halves of a batch; this one was in the second.
  enum class verdict { recorded, already_recorded, not_found, refused, not_now };
  verdict what = verdict::not_found;
  std::string outcome_state; ///< of a recorded one
  instant scheduled_for{};   ///< of one that was found
  bool backfilled = false;
  bool delivered = false;                           ///< with the report a worker's execution came to its good end
  std::optional<released_execution> next_in_line{}; ///< what waited for it
};

/// The result of one webhook attempt, with what follows from it already decided.
/// Source: spec/delivery.md §7, spec/executions.md §4 rows 6–8.
struct attempt_result {
  std::string execution_id;
  int attempt = 1; ///< 1-based; the guard: a late result of an older attempt changes nothing
  enum class verdict { success, retry, failed };
  verdict what = verdict::failed;
  std::optional<int> http_status;
  std::optional<std::string> response_body, error_message;
  std::optional<instant> next_retry; ///< of a retry
  bool lost = false;                 ///< nobody saw how it ended: its failure is told without attempts and status
};

/// An attempt that was written down; those that a newer state had overtaken are missing from the answer.
struct recorded_attempt {
  std::string execution_id;
  std::string user_id;
  std::string cue_id;
  instant scheduled_for{};
  bool backfilled = false;
  bool delivered = false;
  std::optional<instant> outcome_deadline_at{};      ///< runs from now on
  std::optional<released_execution> next_in_line{};  ///< what waited for it
  std::optional<std::int64_t> executions_of_month{}; ///< of a delivered one: what its user has now, this batch included
};

/// What the outcome actors ask of the store. Whatever follows from a report or attempt is written in the same commit as
/// itself: alerts (verification_failed; consecutive_failures from the third on), escalations of deliveries that failed
/// for good. Source: spec/alerts-usage.md §2, spec/delivery.md §8.
class outcome_store {
public:
  virtual ~outcome_store() = default;

  /// Answers in the order of `reports`. The first report on an execution wins, for ever. Repeating a call with the
  /// same `at` (its commit was in doubt) gives the same answer.
  virtual result<std::vector<recorded_outcome>> record_outcomes(const std::vector<reported_outcome>& reports,
                                                                instant at) = 0;

  /// After an error some of them may be recorded; asked for again, these are missing from the answer, like all that is
  /// known already, and nothing is counted twice.
  virtual result<std::vector<recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                                instant at) = 0;
};

class postgres_outcome_store final : public outcome_store {
public:
  explicit postgres_outcome_store(connection_options options);

  [[nodiscard]] static std::vector<named_query> statements(); ///< for whoever looks at their plans

  result<std::vector<recorded_outcome>> record_outcomes(const std::vector<reported_outcome>& reports,
                                                        instant at) override;
  result<std::vector<recorded_attempt>> record_attempts(const std::vector<attempt_result>& attempts,
                                                        instant at) override;

private:
  result<std::vector<recorded_outcome>> record_all(const std::vector<reported_outcome>& reports,
                                                   const std::vector<std::size_t>& chosen, instant at);
  result<std::vector<std::size_t>> record_plain(const std::vector<reported_outcome>& reports,
                                                const std::vector<std::size_t>& chosen, instant at,
                                                std::vector<recorded_outcome>& out);

  [[nodiscard]] static std::vector<named_query> attempt_statements();
  using attempt_batch = std::vector<const attempt_result*>; ///< in the order of their executions' ids
  result<std::vector<recorded_attempt>> record_plain(attempt_batch& batch, instant at);
  result<std::vector<recorded_attempt>> record_all(const attempt_batch& batch, instant at);

  connection link_;
  worthwhile_try plain_reports_, plain_attempts_;
};

} // namespace cued::persistence
