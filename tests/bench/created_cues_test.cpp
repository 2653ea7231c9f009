#include "bench/scenarios/created_cues.hpp"

#include <gmock/gmock.h>

namespace cued::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class creations : public testing::Test {
protected:
  creations() {
    told_.created(22, 2); // answers come in any order
    told_.created(11, 1);
    told_.in_doubt(3);
    told_.begin_judging();
  }
  created_cues told_;
};

TEST_F(creations, that_are_all_there_have_no_faults) {
  told_.see(22, "bench 0000000002");
  told_.see(11, "bench 0000000001");
  EXPECT_THAT(told_.end_judging().texts(), IsEmpty());
}

TEST_F(creations, in_doubt_may_be_there) {
  told_.see(22, "bench 0000000002");
  told_.see(11, "bench 0000000001");
  told_.see(33, "bench 0000000003");
  EXPECT_THAT(told_.end_judging().texts(), IsEmpty());
}

TEST_F(creations, that_were_lost_are_found) {
  told_.see(22, "bench 0000000002");
  EXPECT_THAT(told_.end_judging().texts(), ElementsAre(HasSubstr("told created, but not there")));
}

TEST_F(creations, that_happened_twice_are_found) {
  told_.see(11, "bench 0000000001");
  told_.see(22, "bench 0000000002");
  told_.see(23, "bench 0000000002");
  EXPECT_THAT(told_.end_judging().texts(), ElementsAre(HasSubstr("created twice")));
}

TEST_F(creations, under_another_id_than_was_told_are_found) {
  told_.see(11, "bench 0000000001");
  told_.see(23, "bench 0000000002");
  EXPECT_THAT(told_.end_judging().texts(), ElementsAre(HasSubstr("under another id")));
}

TEST_F(creations, that_nobody_was_told_of_are_found) {
  told_.see(11, "bench 0000000001");
  told_.see(22, "bench 0000000002");
  told_.see(44, "bench 0000000004");
  told_.see(55, "somebody's");
  EXPECT_THAT(told_.end_judging().texts(), ElementsAre(HasSubstr("nobody asked for"), HasSubstr("nobody was told so")));
}

} // namespace
} // namespace cued::bench
