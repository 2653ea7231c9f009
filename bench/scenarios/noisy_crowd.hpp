#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/running_load.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {

/// One tenant who asks for all it can get, over each connection as fast as answers come: makes a worker cue, fires it a
/// few times, claims what there is and reports it.
/// Thread: the load's.
class noisy_crowd final : public stoppable_conversation {
public:
  noisy_crowd(tenant who, std::size_t connections);

  [[nodiscard]] static std::vector<std::string> kinds();

  std::optional<outgoing> next(std::size_t connection) override;
  bool answered(std::size_t connection, const incoming& answer) override;

private:
  enum kind : std::size_t { create, fire, claim, report };
  struct member {
    std::size_t step = 0; ///< in the order of the crowd's steps
    std::string cue, execution;
  };
  [[nodiscard]] kind turn_of(const member& one) const;

  tenant who_;
  std::vector<member> members_;
  std::size_t cues_ = 0;
};

/// `cue_…` in the answer that shows a cue; empty: there is none.
[[nodiscard]] std::string cue_id_in(std::string_view body);

/// Body of POST /v1/cues: a worker cue that is due in a far future and whose name nobody else's is.
[[nodiscard]] std::string distant_cue(std::string_view name);

} // namespace cued::bench
