#include <algorithm>

#include "bench/scenarios/catalogue.hpp"
#include "bench/scenarios/created_cues.hpp"
#include "bench/scenarios/history_reader.hpp"
#include "bench/scenarios/measured_load.hpp"
#include "bench/scenarios/work_texts.hpp"
#include "bench/subject/fixture.hpp"

namespace cued::bench {
namespace {

/// One recurring cue after the other, each with a name of its own.
class creating final : public conversation {
public:
  creating(const std::vector<tenant>& tenants, std::size_t connections, created_cues& told)
      : told_{told}, asked_(connections) {
    const std::string body = R"({"name":")" + std::string{created_cue_name} + std::string{number_hole} +
                             R"(","schedule":{"type":"recurring","cron":"30 6 * * 1-5","timezone":"Europe/Berlin"},)"
                             R"("transport":"worker","payload":{"task":"reconcile","ledger":")" +
                             std::string{number_hole} + R"("}})";
    for (const auto& t : tenants)
      requests_.emplace_back(post_request("/v1/cues", t.api_key, body));
  }

  std::optional<outgoing> next(std::size_t connection) override {
    asked_[connection] = ++numbers_;
    return outgoing{0, requests_[numbers_ % requests_.size()].with(asked_[connection])};
  }

  bool answered(std::size_t connection, const incoming& answer) override {
    if (answer.status == 201)
      told_.created(id_in(answer.body), asked_[connection]);
    else if (answer.status == 0 || answer.status >= 500)
      told_.in_doubt(asked_[connection]);
    return answer.status == 201;
  }

private:
  static std::uint64_t id_in(std::string_view body) {
    constexpr std::string_view member = R"("id":")";
    constexpr std::size_t id_length = 16;
    const auto at = body.find(member);
    return at == std::string_view::npos ? 0 : read_cue_key(body.substr(at + member.size(), id_length));
  }

  created_cues& told_;
  std::vector<pattern> requests_;    ///< by tenant
  std::vector<std::uint32_t> asked_; ///< by connection
  std::uint32_t numbers_ = 0;
};

class creation final : public scenario {
public:
  std::string_view name() const override { return "create_cue"; }
  std::string_view description() const override { return "POST of recurring worker cues with names of their own"; }
  result<measurement> run(stage& at, const load_shape& shape) override {
    const auto tenants = fresh_tenants(at, shape);
    if (!tenants)
      return fail(tenants.error());
    created_cues told;
    creating talk{*tenants, shape.connections, told};
    measurement out;
    out.scenario = name();
    out.shape = shape;
    if (auto load = run_measured(at, shape, {"create"}, talk, out); !load)
      return fail(std::move(load.error()));
    told.begin_judging();
    auto read = for_each_cue(at.subject.dsn(), [&](std::uint64_t id, std::string_view name) { told.see(id, name); });
    if (!read)
      return fail(std::move(read.error()));
    out.history_faults = told.end_judging().texts();
    return out;
  }
};

} // namespace

std::unique_ptr<scenario> create_cue() { return std::make_unique<creation>(); }

} // namespace cued::bench
