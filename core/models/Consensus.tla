----------------------------- MODULE Consensus -----------------------------
(***************************************************************************)
(* Normal case and view change of BitCraps' PBFT, for exhaustive search.   *)
(* core/docs/protocol.md, sections 5 and 8, is what this is a model of.    *)
(*                                                                         *)
(* Every statement that an honest replica signs stays in a set for ever,   *)
(* and every step may use any of them at any time. So messages are lost,   *)
(* delayed and put in any order, and catch-up brings what it likes.        *)
(*                                                                         *)
(* The liars have signed everything: each of their votes counts wherever   *)
(* it helps them, for both sides of a fork at once. A liar is the primary  *)
(* of every view, with any proposals and any new-view that the rules let   *)
(* pass, another one for each replica. At n = 4 the views 0, 4 and 8 are   *)
(* such a run, and whatever happens under an honest primary is among what  *)
(* can happen here, because a liar may do just that.                       *)
(*                                                                         *)
(* A chain digest is the sequence of batches that it fixes.                *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS Honest,   \* honest replicas
          Liars,    \* the others
          Q,        \* votes in a certificate
          QV,       \* view-changes in a new-view
          Views,    \* how many views are looked at
          Slots,    \* how many slots
          Batches,  \* what can be proposed for a slot
          Mutant    \* "none", or the rule that is broken

VARIABLES view,     \* the view that a replica is in
          target,   \* the view that it wants; its view while it votes
          chosen,   \* the head that its view began with while that is above done, else <<>>
          done,     \* the chain that it has delivered
          lock,     \* the highest head that it holds a prepared certificate for
          prep,     \* prepare votes signed: <<replica, view, chain>>
          comm,     \* commit votes signed
          report    \* view-changes signed: <<replica, view, head>>

vars == <<view, target, chosen, done, lock, prep, comm, report>>

ViewSet == 0 .. Views - 1
Chains == UNION {[1 .. s -> Batches] : s \in 1 .. Slots}
\* A head is <<view, chain>>. This one stands for none.
NoHead == <<0, <<>>>>

Contains(c, d) == Len(d) <= Len(c) /\ SubSeq(c, 1, Len(d)) = d
Compatible(c, d) == Contains(c, d) \/ Contains(d, c)
\* By view, then by sequence. Heads that are level are told apart by digest: here any may be the higher.
AtLeast(g, h) == g[1] > h[1] \/ (g[1] = h[1] /\ Len(g[2]) >= Len(h[2]))

Votes(votes, v, c) == Cardinality({r \in Honest : <<r, v, c>> \in votes}) + Cardinality(Liars)
Prepared(v, c) == Votes(prep, v, c) >= Q
Committed(v, c) == Votes(comm, v, c) >= Q

Voting(r) == target[r] = view[r] \/ Mutant = "votes after leaving"
\* Whether r has voted prepare at this slot of its view.
HasVoted(r, s) == \E c \in Chains : Len(c) = s /\ <<r, view[r], c>> \in prep

Init ==
    /\ view = [r \in Honest |-> 0]
    /\ target = [r \in Honest |-> 0]
    /\ chosen = [r \in Honest |-> <<>>]
    /\ done = [r \in Honest |-> <<>>]
    /\ lock = [r \in Honest |-> NoHead]
    /\ prep = {}
    /\ comm = {}
    /\ report = {}

\* 5.4: a proposal on top of the slot below in this view, or of the delivered tip (R4), and above the chosen head (R3).
\* Accepting and voting are one step: while a replica has left, accepting changes nothing that counts.
Accept(r, c) ==
    LET s == Len(c)
        parent == SubSeq(c, 1, s - 1)
    IN  /\ Voting(r)
        /\ s > Len(done[r])
        /\ s > Len(chosen[r]) \/ Mutant = "below the chosen head"
        /\ ~HasVoted(r, s)
        /\ \/ Mutant = "without the bodies below"
           \/ IF s = Len(done[r]) + 1 THEN parent = done[r] ELSE <<r, view[r], parent>> \in prep
        /\ prep' = prep \cup {<<r, view[r], c>>}
        /\ UNCHANGED <<view, target, chosen, done, lock, comm, report>>

\* 5.8: the new view's head is voted on again by whoever has not delivered it, once its bodies are here.
VoteChosen(r) ==
    /\ Voting(r)
    /\ chosen[r] # <<>>
    /\ ~HasVoted(r, Len(chosen[r]))
    /\ prep' = prep \cup {<<r, view[r], chosen[r]>>}
    /\ UNCHANGED <<view, target, chosen, done, lock, comm, report>>

\* 5.5: q prepares. The certificate is kept also after leaving the view; the vote is cast only before.
Certify(r, c) ==
    LET head == <<view[r], c>>
    IN  /\ Prepared(view[r], c)
        /\ Len(c) > Len(done[r])
        /\ lock' = [lock EXCEPT ![r] = IF AtLeast(@, head) THEN @ ELSE head]
        /\ comm' = IF Voting(r) /\ <<r, view[r], c>> \in prep THEN comm \cup {<<r, view[r], c>>} ELSE comm
        /\ lock # lock' \/ comm # comm'
        /\ UNCHANGED <<view, target, chosen, done, prep, report>>

\* 5.5 and 5.9: q commits of any view, and the bodies.
Deliver(r, c) ==
    /\ \E v \in ViewSet : Committed(v, c)
    /\ Len(c) > Len(done[r]) /\ Contains(c, done[r])
    /\ done' = [done EXCEPT ![r] = c]
    /\ chosen' = [chosen EXCEPT ![r] = IF Len(@) <= Len(c) THEN <<>> ELSE @]
    /\ UNCHANGED <<view, target, lock, prep, comm, report>>

\* 5.7: by time-out, by proof, or after f + 1 others: at any time, for any later view.
Leave(r, v) ==
    /\ v > target[r]
    /\ target' = [target EXCEPT ![r] = v]
    /\ report' = report \cup {<<r, v, IF Mutant = "lock not reported" THEN NoHead ELSE lock[r]>>}
    /\ UNCHANGED <<view, chosen, done, lock, prep, comm>>

\* What a liar's view-change may claim: only what a certificate backs.
Claims(v) ==
    {NoHead} \cup {h \in (0 .. v - 1) \X Chains : Prepared(h[1], h[2]) \/ Mutant = "claims without certificates"}

\* The heads that a new-view for v may have: the highest of QV reports. A liar's report is among them: without it
\* there would be one more honest report, and the liar can claim the same as that one.
Choices(v) ==
    LET given == {t \in report : t[2] = v}
        sets == {z \in SUBSET given : Cardinality(z) = QV - Cardinality(Liars)}
        heads(z) == {t[3] : t \in z}
        highest(hs) == {h \in hs : \A g \in hs : AtLeast(h, g)}
    IN  UNION {highest(heads(z) \cup {claim}) : z \in sets, claim \in Claims(v)}

\* 5.8: every replica computes the head itself, so it enters with one that follows from the view-changes named.
Enter(r, v) ==
    /\ v > view[r] /\ v >= target[r]
    /\ \E head \in Choices(v) :
        chosen' = [chosen EXCEPT ![r] = IF Len(head[2]) > Len(done[r]) THEN head[2] ELSE <<>>]
    /\ view' = [view EXCEPT ![r] = v]
    /\ target' = [target EXCEPT ![r] = v]
    /\ UNCHANGED <<done, lock, prep, comm, report>>

Next == \E r \in Honest :
    \/ \E c \in Chains : Accept(r, c) \/ Certify(r, c) \/ Deliver(r, c)
    \/ VoteChosen(r)
    \/ \E v \in ViewSet : Leave(r, v) \/ Enter(r, v)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
\* No two commit certificates, of any views, are for chains that part.
Agreement == \A v, w \in ViewSet, c, d \in Chains : Committed(v, c) /\ Committed(w, d) => Compatible(c, d)

\* No two replicas deliver differently at a slot.
Delivery == \A r, s \in Honest : Compatible(done[r], done[s])

\* In one view, prepared certificates for one slot are for one chain.
\* (For two slots they may be for chains that part: a replica that stays behind in a view may deliver what a later
\* view decided, and then vote in its own view on top of that. The search finds it; it harms nothing.)
OnePreparedChain == \A v \in ViewSet, c, d \in Chains :
    Len(c) = Len(d) /\ Prepared(v, c) /\ Prepared(v, d) => c = d

\* What is decided, every honest prepare of a later view contains (8.2, claim a).
Survival == \A v \in ViewSet, c \in Chains :
    Committed(v, c) => \A vote \in prep : vote[2] > v => Contains(vote[3], c)

\* Not invariants: each must be violated, or the search has not gone where it should.
NeverDecidesInTheLastView == ~\E c \in Chains : Len(c) = Slots /\ Committed(Views - 1, c)
NeverChoosesAHeadAgain ==
    ~\E r \in Honest : view[r] = Views - 1 /\ Len(chosen[r]) = Slots /\ <<r, Views - 1, chosen[r]>> \in prep

Symmetry == Permutations(Honest) \cup Permutations(Batches)
=============================================================================
