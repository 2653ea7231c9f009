#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/workplace.hpp"

namespace cued::bench {
namespace {

enum kind : std::size_t { claim, outcome };

/// Workers that claim many executions with one request and report all of them with another.
class workers_in_batches final : public working {
public:
  workers_in_batches(workplace& at, const load_shape& shape)
      : at_{at}, desks_(shape.connections), batch_{shape.batch} {}

  std::optional<outgoing> next(std::size_t connection) override {
    auto& mine = desks_[connection];
    if (!mine.held.empty())
      return outgoing{outcome, report_all(mine)};
    const auto share = at_.take(connection, batch_);
    if (share.count == 0)
      return std::nullopt;
    mine.tenant = share.tenant;
    mine.asked = share.count;
    return outgoing{claim, post_request("/v1/executions/claim-batch", at_.api_key(mine.tenant),
                                        batch_claim_body(worker_of(connection), mine.asked))};
  }

  bool answered(std::size_t connection, const incoming& answer) override {
    auto& mine = desks_[connection];
    return answer.kind == claim ? on_claim(mine, worker_of(connection), answer) : on_outcome(mine, answer);
  }

private:
  struct assignment {
    execution_key execution;
    std::uint32_t report = 0;
  };
  struct desk {
    std::size_t tenant = 0, asked = 0;
    std::vector<assignment> held;
  };

  std::string report_all(desk& mine) {
    std::string body = R"({"outcomes":[)";
    for (auto& one : mine.held) {
      one.report = at_.new_report();
      batch_outcome_item().append_to(body, one.execution, one.report);
      body += ',';
    }
    body.back() = ']';
    body += '}';
    return post_request("/v1/executions/outcome-batch", at_.api_key(mine.tenant), body);
  }

  bool on_claim(desk& mine, std::uint32_t worker, const incoming& answer) {
    const auto effect = verdict_of(answer);
    if (effect == verdict::in_doubt)
      at_.told.any_claim_in_doubt(worker, static_cast<std::uint32_t>(mine.asked));
    if (effect == verdict::refused)
      at_.give_back(mine.tenant, mine.asked);
    if (effect != verdict::done)
      return false;
    std::size_t at = 0;
    for (auto id = next_execution_id(answer.body, at); !id.empty(); id = next_execution_id(answer.body, at)) {
      mine.held.push_back({read_execution_key(id).value_or(execution_key{})});
      at_.told.claimed(mine.held.back().execution, worker);
    }
    if (mine.held.size() < mine.asked)
      at_.give_back(mine.tenant, mine.asked - mine.held.size());
    return !mine.held.empty();
  }

  /// Results stand in the order in which outcomes were sent; each says whose it is and whether it was recorded.
  bool on_outcome(desk& mine, const incoming& answer) {
    const auto effect = verdict_of(answer);
    std::size_t at = 0, recorded = 0;
    std::string_view id = next_execution_id(answer.body, at);
    for (const auto& one : mine.held) {
      const auto from = at;
      const auto next_id = next_execution_id(answer.body, at);
      const auto said = answer.body.substr(from, next_id.empty() ? std::string_view::npos : at - from);
      const bool is_about_it = effect == verdict::done && read_execution_key(id) == one.execution;
      if (is_about_it && said.find(R"("outcome_recorded":true)") != std::string_view::npos) {
        at_.told.recorded(one.execution, one.report);
        ++recorded;
      } else if (effect == verdict::in_doubt || said.find(R"("status":5)") != std::string_view::npos) {
        at_.told.report_in_doubt(one.execution, one.report);
      } else {
        at_.told.report_refused(one.execution, one.report);
      }
      id = next_id;
    }
    const bool all = recorded == mine.held.size();
    completed_ += recorded;
    reports_ += all ? 1 : 0;
    mine.held.clear();
    return all;
  }

  workplace& at_;
  std::vector<desk> desks_;
  std::size_t batch_;
};

class in_batches final : public scenario {
public:
  std::string_view name() const override { return "claim_and_outcome_in_batches"; }
  std::string_view description() const override {
    return "workers claim up to `batch` executions with one request and report them with another; "
           "an execution completed is an operation";
  }
  load_shape usual_shape() const override {
    load_shape shape;
    shape.connections = 16;
    return shape;
  }
  result<measurement> run(stage& at, const load_shape& shape) override {
    constexpr double requests_per_second_of_one = 600; // a claim and a report
    way_of_working way;
    way.name = name();
    way.kinds = {"claim_batch", "outcome_batch"};
    way.executions_of_a_request = shape.batch;
    way.executions_per_second_of_one = requests_per_second_of_one * static_cast<double>(shape.batch);
    way.executions_per_second_of_all = 45'000;
    way.counts_executions = true;
    way.begin = [](workplace& place, const load_shape& of) -> std::unique_ptr<working> {
      return std::make_unique<workers_in_batches>(place, of);
    };
    return run_work(at, shape, way);
  }
};

} // namespace

std::unique_ptr<scenario> claim_and_outcome_in_batches() { return std::make_unique<in_batches>(); }

} // namespace cued::bench
