#include "bench/scenarios/running_load.hpp"

namespace cued::bench {

running_load::running_load(load_plan plan, stoppable_conversation& talk)
    : plan_{std::move(plan)}, talk_{talk}, result_{std::async(std::launch::async,
                                                              [this] { return run_load(plan_, talk_); })} {}

running_load::~running_load() {
  talk_.stop();
  if (result_.valid())
    result_.wait();
}

result<load_result> running_load::stop() {
  talk_.stop();
  return result_.get();
}

result<load_result> running_load::finish() { return result_.get(); }

} // namespace cued::bench
