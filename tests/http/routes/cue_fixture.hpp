#pragma once

#include <string>

#include "http/routes/routes.hpp"
#include "tests/http/routes/called_routes.hpp"
#include "tests/persistence/execution_rows.hpp"

namespace cued::test {

/// The routes of cues, called by Ada at 13:00 UTC on 2026-11-24; the engine hears of changes but its mock is strict
/// about fires. Addresses in URLs are literal: nothing is looked up.
class cue_routes_test : public execution_test {
protected:
  cue_routes_test() { EXPECT_CALL(api_.engine, cue_changed(testing::_)).Times(testing::AnyNumber()); }

  static principal as_ada() {
    principal caller;
    caller.user_id = ada;
    caller.active_cue_limit = 10;
    return caller;
  }

  /// The smallest create of a webhook cue, with further members (`,"retry":{...}`) if wanted.
  static std::string hook(const std::string& more = "", const std::string& name = "n") {
    return R"({"name":")" + name +
           R"(","schedule":{"type":"recurring","cron":"0 9 * * *"},)"
           R"("callback":{"url":"https://93.184.216.34/hook"})" +
           more + "}";
  }
  /// The same with another schedule.
  static std::string scheduled(const std::string& schedule, const std::string& more = "") {
    return R"({"name":"n","schedule":)" + schedule + R"(,"transport":"worker")" + more + "}";
  }

  std::string of_cue(const std::string& column) { return database_.value("SELECT " + column + " FROM cues"); }
  std::string count(const std::string& table) { return database_.value("SELECT count(*) FROM " + table); }

  called_routes api_{http::cue_routes(), database_.options(), as_ada(), now_};
};

} // namespace cued::test
