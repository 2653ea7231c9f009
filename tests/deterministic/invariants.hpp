#pragma once

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/deliver/webhook_sender.hpp"
#include "domain/schedule.hpp"
#include "tests/deterministic/store_model.hpp"

namespace cued::deterministic {

/// A promise of ARCHITECTURE.md was broken.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Looks at every write, every answer and every request that leaves the house, and throws a `violation` at the first
/// that should not be. It has books of its own: it believes neither the engine nor the store.
class invariants {
public:
  explicit invariants(const store_model& store, instant now);

  void now(instant wall) { now_ = wall; }

  // -- writes ------------------------------------------------------------------
  void execution_written(const execution_row* before, const execution_row& after);
  void cue_written(const cue_row* before, const cue_row& after);

  // -- the outside -------------------------------------------------------------
  void worker_heard(const std::string& user_id, const std::string& worker_id, instant at);
  void request_leaves(const std::string& execution_id, int attempt);
  void request_accepted(const std::string& execution_id); ///< the receiver answers 2xx
  void claim_answered(const std::string& execution_id, const std::string& worker_id);
  void outcome_answered(const std::string& execution_id, const std::string& token);
  void fire_answered(const std::string& execution_id);

  /// Faults have been off for a while, since `calm`: all that was due before is at its end.
  void everything_ended(instant calm) const;

private:
  struct claim {
    std::string worker_id;
    bool answered = false;
    bool given_back = false;
  };
  struct kept_cue {
    std::function<std::optional<instant>(instant)> next; ///< of its schedule
    instant first;                                       ///< the next_run that it was made with
    bool complete = true;                                ///< every instant must have its execution
  };

  void made(const execution_row& e);
  void check_identity(const execution_row& before, const execution_row& after) const;
  void check_outcome(const execution_row& before, const execution_row& after) const;
  void check_edge(const execution_row& before, const execution_row& after) const;
  void check_worker_edge(const execution_row& before, const execution_row& after);
  void check_return(const execution_row& before, const execution_row& after);
  void check_webhook_edge(const execution_row& before, const execution_row& after) const;
  void check_slots(const cue_row& c, const kept_cue& kept, instant until) const;
  [[nodiscard]] const cue_row& cue_of(const execution_row& e) const { return store_.cues().at(e.cue_id); }
  const execution_row& row(const std::string& execution_id, const char* why) const;

  const store_model& store_;
  instant now_;
  std::map<std::string, kept_cue> cues_;
  std::unordered_map<std::string, std::map<instant, std::string>> slots_; ///< of a cue: which execution has which
  std::unordered_map<std::string, std::vector<claim>> claims_;
  std::unordered_map<std::string, std::string> outcomes_; ///< told to be recorded: execution, token
  std::unordered_map<std::string, int> last_sent_;        ///< attempt
  std::set<std::string> accepted_;
  std::map<std::pair<std::string, std::string>, instant> heard_;
};

} // namespace cued::deterministic
