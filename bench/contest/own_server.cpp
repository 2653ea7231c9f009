#include "bench/contest/own_server.hpp"

namespace cued::bench {
namespace {

class own_server_contestant final : public contestant {
public:
  own_server_contestant(contest_ground& ground, own_server_wish wish) : ground_{ground}, wish_{std::move(wish)} {}

  std::string_view name() const override { return wish_.name; }

  result<double> round(std::chrono::seconds duration) override {
    if (wish_.settings.empty())
      return run_against(ground_.subject(), duration);
    const auto variant = ground_.start_variant(wish_.database, wish_.settings);
    if (!variant)
      return fail(variant.error());
    return run_against(**variant, duration);
  }

private:
  result<double> run_against(server& subject, std::chrono::seconds duration) {
    stage at{subject, ground_.wish().progress};
    auto shape = wish_.shape;
    shape.duration = duration;
    const auto measured = wish_.work()->run(at, shape);
    if (!measured)
      return fail(measured.error());
    if (!measured->history_faults.empty())
      return fail(500, "unsound_history", "the history is not sound: " + measured->history_faults.front());
    if (measured->failures > 0)
      return fail(500, "failed_requests",
                  std::to_string(measured->failures) + " requests failed" +
                      (measured->remarks.empty() ? "" : ", as: " + measured->remarks.front()));
    return measured->operations_per_second;
  }

  contest_ground& ground_;
  own_server_wish wish_;
};

} // namespace

std::unique_ptr<contestant> own_server(contest_ground& ground, own_server_wish wish) {
  return std::make_unique<own_server_contestant>(ground, std::move(wish));
}

} // namespace cued::bench
