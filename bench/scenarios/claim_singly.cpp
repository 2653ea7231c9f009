#include <utility>

#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/workplace.hpp"

namespace cued::bench {
namespace {

enum kind : std::size_t { claim, outcome };

/// Who says which execution a worker gets.
enum class choice {
  worker, ///< it asks for one by its id, as if it had been told by a queue of its own
  server, ///< it asks for whatever is next
};

/// Workers that claim one execution, report it, claim the next, …
class workers_one_by_one final : public working {
public:
  workers_one_by_one(workplace& at, const load_shape& shape, choice by) : at_{at}, desks_(shape.connections), by_{by} {}

  std::optional<outgoing> next(std::size_t connection) override {
    auto& mine = desks_[connection];
    if (mine.holds) {
      mine.report = at_.new_report();
      return outgoing{outcome, at_.requests(mine.tenant).outcome_by_id.with(mine.execution, mine.report)};
    }
    const auto share = at_.take(connection, 1);
    if (share.count == 0)
      return std::nullopt;
    mine.tenant = share.tenant;
    mine.execution = by_ == choice::worker ? at_.pending(share.tenant, share.first) : execution_key{};
    const auto& requests = at_.requests(mine.tenant);
    const auto& text = by_ == choice::worker ? requests.claim_by_id : requests.claim_next;
    return outgoing{claim, text.with(mine.execution, worker_of(connection))};
  }

  bool answered(std::size_t connection, const incoming& answer) override {
    auto& mine = desks_[connection];
    return answer.kind == claim ? on_claim(mine, worker_of(connection), answer) : on_outcome(mine, answer);
  }

private:
  struct desk {
    std::size_t tenant = 0;
    execution_key execution;
    std::uint32_t report = 0;
    bool holds = false;
  };

  bool on_claim(desk& mine, std::uint32_t worker, const incoming& answer) {
    const auto effect = verdict_of(answer);
    mine.holds = effect == verdict::done;
    if (mine.holds) {
      const auto asked = std::exchange(mine.execution, named_in(answer.body));
      at_.told.claimed(mine.execution, worker);
      mine.holds = by_ == choice::server || asked == mine.execution; // another one than was asked for: a failure
    } else if (effect == verdict::in_doubt) {
      doubt_claim(mine, worker);
    } else if (by_ == choice::worker) {
      at_.told.claim_refused(mine.execution, worker);
    } else {
      at_.give_back(mine.tenant, 1);
    }
    return mine.holds;
  }

  void doubt_claim(const desk& mine, std::uint32_t worker) {
    if (by_ == choice::worker)
      at_.told.claim_in_doubt(mine.execution, worker);
    else
      at_.told.any_claim_in_doubt(worker, 1);
  }

  bool on_outcome(desk& mine, const incoming& answer) {
    const auto effect = verdict_of(answer);
    mine.holds = false;
    if (effect == verdict::in_doubt)
      at_.told.report_in_doubt(mine.execution, mine.report);
    else if (effect == verdict::refused)
      at_.told.report_refused(mine.execution, mine.report);
    if (effect != verdict::done)
      return false;
    at_.told.recorded(named_in(answer.body), mine.report);
    ++completed_;
    ++reports_;
    return true;
  }

  /// The execution that an answer is about; if it names none, a key that the check will not find.
  static execution_key named_in(std::string_view body) {
    std::size_t at = 0;
    return read_execution_key(next_execution_id(body, at)).value_or(execution_key{});
  }

  workplace& at_;
  std::vector<desk> desks_;
  choice by_;
};

template <choice By>
class one_by_one final : public scenario {
public:
  std::string_view name() const override {
    return By == choice::worker ? "claim_and_outcome_by_id" : "claim_next_and_outcome";
  }
  std::string_view description() const override {
    return By == choice::worker
               ? "workers claim an execution by its id and report its outcome; a request is an operation"
               : "workers claim whatever is next and report its outcome; a request is an operation";
  }
  result<measurement> run(stage& at, const load_shape& shape) override {
    way_of_working way;
    way.name = name();
    way.kinds = {"claim", "outcome"};
    way.executions_per_second_of_one = 2'500;
    way.executions_per_second_of_all = 24'000;
    way.begin = [](workplace& place, const load_shape& of) -> std::unique_ptr<working> {
      return std::make_unique<workers_one_by_one>(place, of, By);
    };
    return run_work(at, shape, way);
  }
};

} // namespace

std::unique_ptr<scenario> claim_and_outcome_by_id() { return std::make_unique<one_by_one<choice::worker>>(); }

std::unique_ptr<scenario> claim_next_and_outcome() { return std::make_unique<one_by_one<choice::server>>(); }

} // namespace cued::bench
