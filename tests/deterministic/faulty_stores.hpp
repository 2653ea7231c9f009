#pragma once

#include <cstdint>
#include <memory>

#include "actors/actor_engine.hpp"
#include "tests/deterministic/store_model.hpp"

namespace cued::deterministic {

/// What becomes of a statement.
enum class fate {
  goes_through,
  refused,     ///< the database was not reached
  in_doubt,    ///< it was committed, and the answer was lost
  spoilt,      ///< an error that trying again will not mend
  dies_before, ///< whoever asks throws, before
  dies_after,  ///< or after the commit
};

/// The way of one process to the database.
class store_gate {
public:
  virtual ~store_gate() = default;
  /// May let others run, and time pass, before it answers.
  virtual fate enter(const char* operation) = 0;
  /// The same after the commit and before the answer; false: the process is dead, nobody will hear it.
  virtual bool leave(const char* operation) = 0;
  virtual store_model& database() = 0;
  /// Which life of which process this is.
  [[nodiscard]] virtual std::int64_t epoch() const = 0;
  virtual void broken(const std::string& how) = 0; ///< the model itself
};

[[nodiscard]] actors::store_makers stores_behind(std::shared_ptr<store_gate> gate);

} // namespace cued::deterministic
