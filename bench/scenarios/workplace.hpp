#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/scenario.hpp"
#include "bench/scenarios/history_check.hpp"
#include "bench/scenarios/work_texts.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {

/// What the workers of a run share: tenants, their pending executions, and what has been told to whom. The stage is
/// set before the run; during it, one thread uses it.
///
/// Connection c works for tenant c % tenants; with fewer connections than tenants, for c, c + connections, … in turn,
/// an execution (or a batch) each. Whoever's tenant has nothing left helps the next one.
class workplace {
public:
  workplace(std::vector<tenant> tenants, const std::vector<std::vector<std::string>>& pending, std::size_t connections);

  /// Takes up to `at_most` pending executions out of the supply of the tenant whose turn it is for `connection`.
  /// They are its to claim; who asks for the next one by the server's choice only counts them.
  struct share {
    std::size_t tenant = 0;
    std::size_t first = 0, count = 0; ///< count 0: nothing is left anywhere
  };
  [[nodiscard]] share take(std::size_t connection, std::size_t at_most);
  /// They were not claimed after all, which makes sense only where the server chooses.
  void give_back(std::size_t tenant, std::size_t count) {
    taken_[tenant] -= count;
    left_ += count;
  }

  [[nodiscard]] const execution_key& pending(std::size_t tenant, std::size_t number) const {
    return pending_[tenant][number];
  }
  [[nodiscard]] const work_requests& requests(std::size_t tenant) const { return requests_[tenant]; }
  [[nodiscard]] const std::string& api_key(std::size_t tenant) const { return tenants_[tenant].api_key; }
  [[nodiscard]] std::uint32_t new_report() { return ++reports_; }
  [[nodiscard]] std::uint64_t executions() const { return executions_; } ///< how many there were at the beginning
  [[nodiscard]] bool is_empty() const { return left_ == 0; }

  work_history told;

private:
  std::vector<tenant> tenants_;
  std::vector<std::vector<execution_key>> pending_;
  std::vector<work_requests> requests_;
  std::vector<std::size_t> taken_; ///< by tenant: how many of its pending ones
  std::vector<std::size_t> turn_;  ///< by connection: the tenant it works for
  std::size_t connections_;
  std::uint64_t executions_ = 0, left_ = 0;
  std::uint32_t reports_ = 0;
};

/// The number of the worker behind a connection.
[[nodiscard]] inline std::uint32_t worker_of(std::size_t connection) {
  return static_cast<std::uint32_t>(connection) + 1;
}

/// What an answer says about the request's effect.
enum class verdict {
  done,
  refused,
  in_doubt, ///< lost, or a 5xx: its commit may have been done
};
[[nodiscard]] verdict verdict_of(const incoming& answer);

/// Workers that claim and report. Written for each of the ways to do so.
class working : public conversation {
public:
  [[nodiscard]] std::uint64_t completed() const { return completed_; } ///< executions whose outcome was told recorded
  [[nodiscard]] std::uint64_t reports() const { return reports_; }     ///< requests that told so

protected:
  std::uint64_t completed_ = 0, reports_ = 0;
};

/// What sets one such scenario apart from the others.
struct way_of_working {
  std::string_view name;
  std::vector<std::string> kinds; ///< of its requests; the last one reports outcomes
  /// Executions that a second can take at the most, for setting the stage: of one connection, and of all together.
  double executions_per_second_of_one = 0, executions_per_second_of_all = 0;
  std::size_t executions_of_a_request = 1;
  bool counts_executions = false; ///< as its operations; else each request is one
  std::unique_ptr<working> (*begin)(workplace& at, const load_shape& shape) = nullptr;
};

/// Sets the stage, runs the load between the meters, and compares what was told with what is there.
[[nodiscard]] result<measurement> run_work(stage& at, const load_shape& shape, const way_of_working& way);

} // namespace cued::bench
