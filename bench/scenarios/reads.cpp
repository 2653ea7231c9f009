#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/measured_load.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {
namespace {

constexpr std::size_t executions_in_all = 100'000;

/// Asks the same requests again and again, each connection from another place; each answer has to hold its mark.
class asking_again final : public conversation {
public:
  struct question {
    std::string text;
    std::string mark; ///< what an answer to it holds
  };

  /// Connection c walks the questions in steps that visit each of them before any comes again.
  asking_again(std::vector<question> questions, std::size_t connections)
      : questions_{std::move(questions)}, place_(connections) {
    for (std::size_t c = 0; c < connections; ++c)
      place_[c] = c * questions_.size() / connections;
  }

  std::optional<outgoing> next(std::size_t connection) override {
    auto& at = place_[connection];
    at = (at + stride) % questions_.size();
    return outgoing{0, questions_[at].text};
  }

  bool answered(std::size_t connection, const incoming& answer) override {
    return answer.status == 200 && answer.body.find(questions_[place_[connection]].mark) != std::string_view::npos;
  }

private:
  static constexpr std::size_t stride = 7'919; // a prime that no number of questions here is a multiple of

  std::vector<question> questions_;
  std::vector<std::size_t> place_;
};

using questions = std::vector<asking_again::question>;

/// A history of executions_in_all over the shape's tenants, and the questions that `ask` makes of each tenant's.
result<measurement> run_reads(stage& at, const load_shape& shape, std::string_view name,
                              void (*ask)(const tenant& by, const std::vector<std::string>& ids, questions& out)) {
  auto tenants = fresh_tenants(at, shape);
  if (!tenants)
    return fail(std::move(tenants.error()));
  at.progress("making a history of " + std::to_string(executions_in_all) + " executions");
  const auto history =
      make_history(at.subject.dsn(), *tenants, (executions_in_all + tenants->size() - 1) / tenants->size());
  if (!history)
    return fail(history.error());
  questions all;
  for (std::size_t t = 0; t < tenants->size(); ++t)
    ask((*tenants)[t], (*history)[t], all);

  asking_again talk{std::move(all), shape.connections};
  measurement out;
  out.scenario = name;
  out.shape = shape;
  if (auto load = run_measured(at, shape, {"get"}, talk, out); !load)
    return fail(std::move(load.error()));
  return out;
}

class one_execution final : public scenario {
public:
  std::string_view name() const override { return "read_execution"; }
  std::string_view description() const override {
    return "GET of an execution by its id, out of 100,000 finished ones";
  }
  result<measurement> run(stage& at, const load_shape& shape) override {
    return run_reads(at, shape, name(), [](const tenant& by, const std::vector<std::string>& ids, questions& out) {
      for (const auto& id : ids)
        out.push_back({get_request("/v1/executions/" + id, by.api_key), id});
    });
  }
};

class list_of_executions final : public scenario {
public:
  std::string_view name() const override { return "list_executions"; }
  std::string_view description() const override {
    return "GET of a tenant's newest 20 executions and of how many there are, out of 100,000 finished ones";
  }
  load_shape usual_shape() const override {
    load_shape shape;
    shape.tenants = 1'000;
    return shape;
  }
  result<measurement> run(stage& at, const load_shape& shape) override {
    return run_reads(at, shape, name(), [](const tenant& by, const std::vector<std::string>& ids, questions& out) {
      out.push_back(
          {get_request("/v1/executions?limit=20", by.api_key), "\"total\":" + std::to_string(ids.size()) + ","});
    });
  }
};

} // namespace

std::unique_ptr<scenario> read_execution() { return std::make_unique<one_execution>(); }

std::unique_ptr<scenario> list_executions() { return std::make_unique<list_of_executions>(); }

} // namespace cued::bench
