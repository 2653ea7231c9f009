#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/scenarios/running_load.hpp"
#include "bench/scenarios/work_texts.hpp"
#include "bench/subject/fixture.hpp"
#include "bench/subject/receiver.hpp"

namespace cued::bench {

/// Workers that wait for whatever becomes claimable (long polls), report it as a success and wait again. Connection c
/// is a worker of tenant c % tenants. Notes when each execution was handed to a worker, in the receiver's form.
/// An answer that says that nothing came is a success, too: the time was up.
/// Thread: the load's, until that has ended.
class polling_workers final : public stoppable_conversation {
public:
  enum kind : std::size_t { waiting_claim, report };

  polling_workers(const std::vector<tenant>& tenants, std::size_t connections, std::size_t expected);

  [[nodiscard]] static std::vector<std::string> kinds() { return {"waiting claim", "report"}; }
  [[nodiscard]] const std::vector<delivery>& handed_out() const { return handed_out_; }

  std::optional<outgoing> next(std::size_t connection) override;
  bool answered(std::size_t connection, const incoming& answer) override;

private:
  std::vector<std::string> claims_;                   ///< the request of each connection
  std::vector<work_requests> requests_;               ///< by tenant
  std::vector<std::optional<execution_key>> working_; ///< by connection
  std::vector<delivery> handed_out_;
  std::uint32_t reports_ = 0;
};

} // namespace cued::bench
