#pragma once

#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "persistence/postgres/connection.hpp"
#include "persistence/ready_looks.hpp"

namespace cued::persistence {

/// One worker wants one execution.
struct claim_attempt {
  std::string user_id;
  std::string execution_id;
  std::string worker_id;
  bool with_work = false; ///< won, it is answered with all that is needed to run it
};

/// What it takes to run an execution. `payload_json` is the one it was fired with, else its cue's; always an object.
struct claimed_work {
  std::string execution_id, cue_id, cue_name;
  std::optional<std::string> task; ///< the payload's member of that name, if it is a string
  instant scheduled_for;
  std::string payload_json;
  int attempts = 1; ///< this claim included
};

/// What a claim that was won has got hold of.
struct claimed_execution {
  instant scheduled_for;
  bool backfilled = false;
  std::optional<claimed_work> work = {}; ///< of an attempt `with_work`
};

/// An execution that a worker of this tenant may claim.
struct ready_execution {
  instant scheduled_for;
  std::string execution_id;
  auto operator<=>(const ready_execution&) const = default;
};

/// A claim as its row shows it.
struct held_claim {
  std::string user_id;
  std::string execution_id;
  std::string worker_id;
  instant claimed_at;
};

/// What the claim actors ask of the store. Source: spec/executions.md §6.
class claim_store {
public:
  virtual ~claim_store() = default;

  /// Claims each execution for its worker. Answers, in the order of `attempts`, what they won or nothing. What its
  /// cue's overlap policy makes wait for an older execution cannot be claimed. Of several attempts on one execution at
  /// most one wins. Repeating a call with the same `at` (its commit was in doubt) gives the same answer.
  virtual result<std::vector<std::optional<claimed_execution>>> claim(const std::vector<claim_attempt>& attempts,
                                                                      instant at) = 0;

  /// The tenant's oldest executions that are pending, due by `now` and wait for a worker; oldest first. Where looking
  /// at all has become slow, what others made claimable again may be missing for a moment (ready_looks.hpp).
  virtual result<std::vector<ready_execution>> ready(const std::string& user_id, instant now, std::size_t limit) = 0;

  /// When the next of the tenant's worker executions becomes due after `now`, if there is one.
  virtual result<std::optional<instant>> next_due(const std::string& user_id, instant now) = 0;

  /// Undoes claims of which their workers were told that they have failed: where exactly this claim still holds and
  /// nothing was reported, the execution waits again as if it had not been claimed. Answers, in the order of `claims`,
  /// for what each such execution was scheduled; nothing where there was nothing to undo.
  virtual result<std::vector<std::optional<instant>>> give_back(const std::vector<held_claim>& claims) = 0;
};

class postgres_claim_store final : public claim_store {
public:
  explicit postgres_claim_store(connection_options options);

  [[nodiscard]] static std::vector<named_query> statements(); ///< for whoever looks at their plans

  result<std::vector<std::optional<claimed_execution>>> claim(const std::vector<claim_attempt>& attempts,
                                                              instant at) override;
  result<std::vector<ready_execution>> ready(const std::string& user_id, instant now, std::size_t limit) override;
  result<std::optional<instant>> next_due(const std::string& user_id, instant now) override;
  result<std::vector<std::optional<instant>>> give_back(const std::vector<held_claim>& claims) override;

private:
  connection link_;
  ready_looks looks_;
};

} // namespace cued::persistence
